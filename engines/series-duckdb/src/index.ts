export { createDuckDbSeries, type DuckDbSeries, type DuckDbSeriesOptions } from "./engine.ts";
export { createTableReader } from "./table-files/reader.ts";
