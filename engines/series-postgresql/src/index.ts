export { createPostgresqlSeries, type PostgresqlSeries, type PostgresqlSeriesOptions } from "./engine.ts";
