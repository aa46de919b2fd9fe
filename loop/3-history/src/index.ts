export { createHistory, type HistoryEngine, type HistoryOptions, type HistoryStep } from "./history.ts";
export { type HistoryTables, historyMigrations } from "./imports/table.ts";
export type { RequestReplay } from "./intake.ts";
export { historySection } from "./section.ts";
