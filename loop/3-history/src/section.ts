import { section } from "@millwright/runtime";
import { HistorySettings } from "./api.ts";

export const historySection = section("history", HistorySettings);
