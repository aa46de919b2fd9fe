export { readSchemaFile } from "./schemas.ts";
export { isAhead, isBehind, upgradeStores } from "./stores.ts";
export { upgradeData } from "./upgrade.ts";
