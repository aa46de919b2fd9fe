export * from "./config-types.ts";
export * from "./part.ts";
