import { createModbusServer, type ModbusServer } from "@millwright/driver-modbus/server";
import { createClock } from "@millwright/runtime";

export const mixingRegisters = 12;
/** Values say which register they are of: index × a million, and how often it was answered. */
export const millionsOf = (value: number): number => Math.floor(value / 1_000_000);

/** What it does wrong: nothing; answers with the id before; answers after the question was given up. */
export type Mixing = "right" | "id-before" | "too-late";

export interface MixingPlc {
	server: ModbusServer;
	mixing: Mixing;
	close(): Promise<void>;
}

/** A PLC of which many equal questions are under way at once, so that a wrong id would put one register's value into another. */
export async function openMixingPlc({ timeoutMs }: { timeoutMs: number }): Promise<MixingPlc> {
	const counts = new Array<number>(mixingRegisters).fill(0);
	let asked = 0;
	const plc: MixingPlc = {
		mixing: "right",
		server: createModbusServer({
			clock: createClock(),
			units: new Map([
				[
					1,
					(request) => {
						if (request.code !== 3) return { code: request.code, exception: 1 };
						const data = Buffer.alloc(request.quantity * 2);
						for (let i = 0; i < request.quantity / 2; i++) {
							const index = request.start / 2 + i;
							counts[index] = (counts[index] ?? 0) + 1;
							data.writeUInt32BE(index * 1_000_000 + (counts[index] as number), i * 4);
						}
						return { code: 3, data };
					},
				],
			]),
			beforeAnswer: ({ transaction }) => {
				asked++;
				if (plc.mixing === "id-before") return { transaction: (transaction - 1) & 0xffff };
				if (plc.mixing === "too-late") return { delayMs: timeoutMs + (asked % 7) * 20 };
				return undefined;
			},
		}),
		close: () => plc.server.close(),
	};
	await plc.server.listen();
	return plc;
}

/** Each register a question of its own, many at once. */
export const mixingMap = {
	driver: "modbus",
	tags: Object.fromEntries(
		Array.from({ length: mixingRegisters }, (_, i) => [
			`register-${i}`,
			{ address: { register: i * 2, type: "uint32" }, kind: "integer", pipeline: { pass: { by: "all" } }, staleAfter: 1000 },
		]),
	),
};
export const mixingConnection = (port: number) => ({
	driver: "modbus",
	settings: { host: "127.0.0.1", port, unit: 1 },
	every: 100,
	inFlight: mixingRegisters,
	blocks: { oneByOne: true },
	machines: [{ asset: "northworks/mixing", map: "mixing" }],
});
