export type { DriverMap } from "./drivers.ts";
export type { StoredCounts } from "./ledger.ts";
export { raiseNumbers, ringFile } from "./ring/raised-numbers.ts";
export { ringStore } from "./ring/ring-store.ts";
export { createSense, type SenseStep } from "./sense.ts";
export { resolveEnvironment } from "./settings/secrets.ts";
export { senseSection } from "./settings/section.ts";
