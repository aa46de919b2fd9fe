export type { Manifest } from "./manifest.ts";
export { backupOffline } from "./offline.ts";
export { restoreBackup } from "./restore.ts";
export { markName } from "./take.ts";
export { verifyBackup } from "./verify.ts";
