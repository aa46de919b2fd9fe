export { openRecords, type PostgresqlRecords, type RecordsOptions } from "./records.ts";
