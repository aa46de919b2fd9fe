export { type ClientChange, createEmbeddedBroker, type EmbeddedBroker, type EmbeddedBrokerOptions } from "./broker.ts";
export type { ExternalMessage, ExternalVerdict } from "./core.ts";
export { type BrokerLimits, defaultLimits } from "./limits.ts";
export type { ClientPolicy, OnSlow } from "./policies.ts";
export { Reason } from "./reason-codes.ts";
export type { TlsFiles } from "./tls-files.ts";
