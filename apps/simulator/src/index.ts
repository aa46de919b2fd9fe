export { FaultName, FaultOrder } from "./faults.ts";
export { createPlant, type Plant, type PlantOptions } from "./plant.ts";
export { NetworkAction, NetworkOrder } from "./servers/network.ts";
export type { TruthEntry } from "./truth/truth-log.ts";
