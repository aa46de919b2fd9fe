export * from "./api.ts";
export { compileExpression } from "./expressions.ts";
export { type TwinTables, twinMigrations } from "./limit-events.ts";
export { checkSettings } from "./model.ts";
export { twinSection } from "./section.ts";
export * from "./twin.ts";
