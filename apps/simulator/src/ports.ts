/** Where each server of the plant listens, on 127.0.0.1; 0 takes a free one. */
export type Ports = Readonly<Record<string, number>>;

export const demoPorts = {
	"line-1-plc": 15_021,
	"line-2-plc": 15_022,
	"line-3-plc": 15_023,
	"palletizer-9": 15_029,
	"process-cell": 14_840,
	control: 15_080,
} as const satisfies Ports;

/** The load plant: one Modbus port a connection, one OPC UA server. */
export const loadPorts = (modbusConnections: number): Ports => ({
	...Object.fromEntries(Array.from({ length: modbusConnections }, (_, i) => [`load-${i + 1}`, 15_101 + i])),
	"load-opcua": 14_940,
	control: 15_180,
});

/** All free, or all moved by the same number. */
export const movedPorts = (ports: Ports, by: number | "free"): Ports =>
	Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, by === "free" || port === 0 ? 0 : port + by]));
