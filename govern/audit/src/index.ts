export * from "./api.ts";
export { type AuditParts, createAudit } from "./audit.ts";
export { canonicalJson } from "./canonical-json.ts";
export { auditMigrations } from "./tables.ts";
export { type Anchor, type Verdict, verifyAuditFile } from "./verify.ts";
