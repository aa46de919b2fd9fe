import { createClock } from "@millwright/runtime";
import { driverSuite } from "@millwright/testkit/driver-suite";
import modbus from "./index.ts";
import { createModbusServer } from "./server.ts";

driverSuite(modbus, {
	abilities: ["freeze"],
	async open() {
		const holding = new Uint16Array(400);
		const coil = new Uint8Array(64);
		const discrete = new Uint8Array(32);
		const input = new Uint16Array(200).map((_, i) => i * 3);
		holding.set([0x4248, 0x0000], 100); // 50.0 as float32, ABCD
		holding.set([0x0000, 0x4248], 110); // the same, CDAB
		holding.set([0xfffe], 120);
		holding.set([0x1234], 121);
		holding.set([0x0123, 0x4567, 0x89ab, 0xcdef], 130);
		holding.set([0x5075, 0x6d70, 0x2037, 0x0058], 140); // "Pump 7\0X"
		coil[5] = 1;
		discrete[7] = 1;
		const server = createModbusServer({
			clock: createClock(),
			units: new Map([[3, { holding, coil, discrete, input }]]),
		});
		const port = await server.listen();
		return {
			settings: { host: "127.0.0.1", port, unit: 3, connectTimeout: "1s" },
			known: [
				{ address: { number: 40101, type: "float32" }, value: 50 },
				{ address: { table: "holding", register: 110, type: "float32", order: "CDAB" }, value: 50 },
				{ address: { register: 120, type: "int16" }, value: -2 },
				{ address: { register: 121, type: "bcd16" }, value: 1234 },
				{ address: { register: 121, bit: 2 }, value: true },
				{ address: { register: 121, bit: 3 }, value: false },
				{ address: { register: 130, type: "uint64" }, value: 0x0123456789abcdefn },
				{ address: { register: 140, type: "string", length: 4 }, value: "Pump 7" },
				{ address: { table: "coil", register: 5 }, value: true },
				{ address: { number: "10008" }, value: true },
				{ address: { number: 30012, type: "uint16" }, value: 33 },
			],
			missing: { register: 399, type: "float32" },
			writable: [
				{
					address: { register: 200, type: "int32" },
					values: [-70_000, 5],
					held: () =>
						new DataView(
							Uint8Array.of(...[...holding.subarray(200, 202)].flatMap((word) => [word >> 8, word & 255])).buffer,
						).getInt32(0),
				},
				{ address: { register: 204, type: "uint16" }, values: [65_535, 0], held: () => holding[204] as number },
				{ address: { register: 205, bit: 15 }, values: [true, false], held: () => holding[205] === 0x8000 },
				{ address: { table: "coil", register: 9 }, values: [true, false], held: () => coil[9] === 1 },
			],
			kill: () => server.unplug(),
			async revive() {
				await server.listen();
			},
			freeze: server.freeze,
			thaw: server.thaw,
			close: server.close,
		};
	},
	wrongSettings: [
		{},
		{ host: "" },
		{ host: "http://10.0.0.1" },
		{ host: "10.0.0.300" },
		{ host: "plc", port: 0 },
		{ host: "plc", unit: 256 },
		{ host: "plc", unit: -1 },
		{ host: "plc", slave: 1 },
	],
	wrongAddresses: [
		{},
		{ register: 1, number: 40001 },
		{ register: -1 },
		{ register: 65_536 },
		{ register: 65_535, type: "float32" },
		{ number: 50_001 },
		{ number: 40_000 },
		{ table: "input", number: 40_001 },
		{ table: "coil", register: 1, type: "int16" },
		{ register: 1, type: "bit" },
		{ register: 1, type: "int16", bit: 3 },
		{ register: 1, type: "string" },
		{ register: 1, type: "int16", order: "ACBD" },
	],
	nowhere: (settings) => ({ ...settings, port: 1 }),
});
