export { createDuckDbSeries, type DuckDbSeries, type DuckDbSeriesOptions } from "./engine.ts";
