export { type ProbedPostgresql, probePostgresql } from "./probe.ts";
export { openRecords, type PostgresqlRecords, type RecordsOptions } from "./records.ts";
