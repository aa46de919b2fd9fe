export { type ClientChange, createEmbeddedBroker, type EmbeddedBroker, type EmbeddedBrokerOptions } from "./broker.ts";
export type { ExternalMessage, ExternalVerdict } from "./core.ts";
export { type BrokerLimits, defaultLimits } from "./limits.ts";
export { Reason } from "./reason-codes.ts";
