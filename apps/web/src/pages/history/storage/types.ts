import type { HistoryClient } from "@millwright/history/api";

export type Storage = Awaited<ReturnType<HistoryClient["storage"]>>;
export type Policy = Storage["policy"];
