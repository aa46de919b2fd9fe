export { openRecords, type Records } from "./records.ts";
