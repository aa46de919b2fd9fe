import { DeviceRefusal, MillwrightError } from "@millwright/core";
import { createClock } from "@millwright/runtime";
import { expect, onTestFinished, test } from "vitest";
import modbus from "./index.ts";
import { createSession } from "./session.ts";
import { Settings } from "./settings.ts";
import { connectTcp } from "./tcp-client.ts";
import { createModbusServer, type ModbusServerOptions } from "./tcp-server.ts";
import { unitOf } from "./unit-memory.ts";

async function sessionForTest(
	unit: Parameters<typeof unitOf>[0],
	settings: object = {},
	more: Partial<ModbusServerOptions> = {},
) {
	const asked: number[] = [];
	const memory = unitOf(unit);
	const server = createModbusServer({
		clock: createClock(),
		units: new Map([
			[
				1,
				(request) => {
					asked.push(request.code);
					return memory(request);
				},
			],
		]),
		...more,
	});
	const port = await server.listen();
	const client = await connectTcp({
		host: "127.0.0.1",
		port,
		connectTimeoutMs: 1000,
		clock: createClock(),
		signal: new AbortController().signal,
		lost: () => {},
	});
	onTestFinished(async () => {
		client.close();
		await server.close();
	});
	return { session: createSession(client, Settings.parse({ host: "127.0.0.1", port, ...settings })), asked };
}
const at = (given: Record<string, unknown>) => modbus.address.parse(given);
const soon = () => AbortSignal.timeout(3000);

test("a device that writes registers only in blocks is found out once", async () => {
	const holding = new Uint16Array(10);
	const asked: number[] = [];
	const { session } = await sessionForTest(
		{ holding },
		{},
		{
			units: new Map([
				[
					1,
					(request) => {
						asked.push(request.code);
						return request.code === 6 ? { code: 6, exception: 1 } : unitOf({ holding })(request);
					},
				],
			]),
		},
	);
	await session.write?.(at({ register: 3 }), 5, soon());
	await session.write?.(at({ register: 4 }), 6, soon());
	expect([...holding.subarray(3, 5)]).toEqual([5, 6]);
	expect(asked).toEqual([6, 16, 16]);
});

test("a bit is written by mask, and its neighbours stay", async () => {
	const holding = Uint16Array.of(0x00f0, 0x00f0);
	const { session, asked } = await sessionForTest({ holding });
	await session.write?.(at({ register: 0, bit: 0 }), true, soon());
	await session.write?.(at({ register: 0, bit: 4 }), false, soon());
	expect(holding[0]).toBe(0x00e1);
	// With its bytes swapped, bit 0 is on the wire bit 8.
	await session.write?.(at({ register: 1, bit: 0, order: "BADC" }), true, soon());
	expect(holding[1]).toBe(0x01f0);
	expect(modbus.decode?.(at({ register: 1, bit: 0, order: "BADC" }), Uint8Array.of(0x01, 0xf0))).toBe(true);
	expect(asked).toEqual([22, 22, 22]);
});

test("read-modify-write is used only where it was chosen", async () => {
	const holding = Uint16Array.of(0x00f0);
	const { session, asked } = await sessionForTest({ holding }, { bitWrites: "read-modify-write" });
	await session.write?.(at({ register: 0, bit: 0 }), true, soon());
	expect(holding[0]).toBe(0x00f1);
	expect(asked).toEqual([3, 6]);
});

test("inputs cannot be written, and values that do not fit never reach the wire", async () => {
	const { session, asked } = await sessionForTest({ holding: new Uint16Array(4) });
	for (const table of ["input", "discrete"])
		await expect(session.write?.(at({ table, register: 0 }), 1, soon())).rejects.toMatchObject({ code: "modbus.not-writable" });
	await expect(session.write?.(at({ register: 0 }), 70_000, soon())).rejects.toMatchObject({ code: "modbus.value-unfit" });
	expect(asked).toEqual([]);
});

test("busy devices and gateways without their device are no refusal of the address", async () => {
	const exceptions = [2, 6, 11];
	const { session } = await sessionForTest(
		{ holding: new Uint16Array(4) },
		{},
		{ beforeAnswer: () => ({ exception: exceptions.shift() }) },
	);
	const read = () =>
		session.readBlock({ space: "holding", start: 0, length: 1 }, soon()).then(
			() => undefined,
			(error: unknown) => error,
		);
	expect(await read()).toBeInstanceOf(DeviceRefusal);
	expect(await read()).toMatchObject({ code: "modbus.device-not-ready", kind: "busy" });
	const gateway = await read();
	expect(gateway).toBeInstanceOf(MillwrightError);
	expect(gateway).toMatchObject({ kind: "outage" });
	expect(await read()).toBeUndefined();
});
