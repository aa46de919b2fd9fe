import type { Driver } from "@millwright/core";

/** Field protocols by the word in the configuration; a driver that no connection names is never loaded. */
export const drivers: Record<string, () => Promise<Driver>> = {
	modbus: async () => (await import("@millwright/driver-modbus")).default as unknown as Driver,
	opcua: async () => (await import("@millwright/driver-opcua")).default as unknown as Driver,
};
