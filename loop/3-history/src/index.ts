export { createHistory, type HistoryEngine, type HistoryOptions, type HistoryStep } from "./history.ts";
export { historySection } from "./section.ts";
