export { filesBelow } from "./files.ts";
export { keptIn } from "./kept.ts";
export type { Manifest } from "./manifest.ts";
export { backupOffline } from "./offline.ts";
export { type Restored, restoreBackup } from "./restore.ts";
export { markName } from "./take.ts";
export { verifyBackup } from "./verify.ts";
