import { createModbusServer } from "@millwright/driver-modbus/server";
import { createClock } from "@millwright/runtime";

/** A PLC whose first register counts how often it was answered, and whose second is what it is told. */
export async function openCountingPlc() {
	let count = 0;
	const plc = { load: 10, answered: () => count, port: 0, close: async () => {} };
	const server = createModbusServer({
		clock: createClock(),
		units: new Map([
			[
				1,
				(request) => {
					if (request.code !== 3) return { code: request.code, exception: 1 };
					const data = Buffer.alloc(request.quantity * 2);
					for (let i = 0; i < request.quantity; i++) data.writeUInt16BE(request.start + i === 0 ? ++count : plc.load, i * 2);
					return { code: 3, data };
				},
			],
		]),
	});
	await server.listen();
	plc.port = server.port;
	plc.close = () => server.close();
	return plc;
}

export const countingPlant = (port: number) => ({
	sense: {
		maps: {
			counter: {
				driver: "modbus",
				tags: {
					count: { address: { register: 0, type: "uint16" }, kind: "integer", pipeline: { pass: { by: "all" } } },
					load: { address: { register: 1, type: "uint16" }, pipeline: { pass: { by: "all" } } },
				},
			},
		},
		connections: {
			plc: {
				driver: "modbus",
				settings: { host: "127.0.0.1", port, unit: 1 },
				every: 50,
				machines: [{ asset: "northworks/press-1", map: "counter" }],
			},
		},
	},
	twin: {
		templates: {
			press: {
				title: { en: "Press", es: "Prensa" },
				tags: {
					load: {
						title: { en: "Load", es: "Carga" },
						unit: "1",
						range: [0, 1000],
						limits: { high: 100, deadband: 1 },
					},
				},
			},
		},
		assets: { "northworks/press-1": { template: "press", title: { en: "Press 1", es: "Prensa 1" } } },
	},
});
