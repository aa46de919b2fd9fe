export type { DriverMap } from "./drivers.ts";
export type { StoredCounts } from "./ledger.ts";
export { raiseNumbers } from "./ring/raised-numbers.ts";
export { createSense, type SenseStep } from "./sense.ts";
export { resolveEnvironment } from "./settings/secrets.ts";
export { senseSection } from "./settings/section.ts";
