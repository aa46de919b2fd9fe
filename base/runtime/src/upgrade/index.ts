export { lookInto, readSchemaFile, readSchemas } from "./schemas.ts";
export { checkNotNewer, isAhead, isBehind, markedStore, numberedSchema, tagsStore, type UpgradeStore } from "./store.ts";
export { upgradeData } from "./upgrade.ts";
