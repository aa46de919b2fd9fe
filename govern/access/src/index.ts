export { type AccessParts, createAccess } from "./access.ts";
export * from "./api.ts";
export type { BrokerAuthenticatorOptions } from "./broker-authenticator.ts";
export type { Revocation } from "./house.ts";
export { accessMigrations } from "./tables.ts";
export { covers } from "./topic-rights.ts";
