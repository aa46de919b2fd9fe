export { apis } from "./apis.ts";
export { backupOffline, type Manifest, markName, restoreBackup, verifyBackup } from "./backup/index.ts";
export { setAside, usageOf } from "./diagnostics/disk.ts";
export { checkConfig, runServer } from "./run.ts";
export { sections } from "./sections.ts";
export { createServer, type Server } from "./server.ts";
export { upgradeStores } from "./upgrade/stores.ts";
export { version } from "./version.ts";
