/** The server's side, for simulators and tests. */

export { Address } from "./address.ts";
export * from "./pdu.ts";
export * from "./tcp-server.ts";
export type { UnitHandler, UnitMemory } from "./unit-memory.ts";
export { decode as decodeValue, encode as encodeValue } from "./values.ts";
