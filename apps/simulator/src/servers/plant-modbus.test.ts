import { DeviceRefusal, type DriverTools } from "@millwright/core";
import modbus from "@millwright/driver-modbus";
import { createClock, silentLog } from "@millwright/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sensorOf } from "../physics/machine.ts";
import { createPlant, type Plant } from "../plant.ts";
import { lineKinds, lineTables } from "../registers/line-table.ts";
import { palletizerTable } from "../registers/palletizer-table.ts";
import type { Register } from "../registers/register.ts";
import { openPlantModbus, type PlantModbus } from "./plant-modbus.ts";

const clock = createClock();
let plant: Plant;
let servers: PlantModbus;
let ends: AbortController;

beforeEach(async () => {
	plant = createPlant();
	servers = await openPlantModbus({ plant, clock, ports: {} });
	ends = new AbortController();
});
afterEach(async () => {
	ends.abort();
	await Promise.all(servers.targets.map((target) => target.close()));
});

const target = (name: string) => servers.targets.find((each) => each.name === name) ?? expect.fail(name);

async function dial(name: string) {
	const lost: Error[] = [];
	const tools: DriverTools = {
		clock,
		log: silentLog,
		signal: ends.signal,
		folder: ".",
		lost: (reason) => void lost.push(reason),
		trust: { isTrusted: () => false },
	};
	const session = await modbus.open(
		modbus.settings.parse({ host: "127.0.0.1", port: target(name).port, connectTimeout: 2000 }),
		tools,
	);
	if (session.kind !== "block") return expect.fail("not a block session");
	const read = async (register: Register, base = 0): Promise<number> => {
		const address = modbus.address.parse({
			table: register.table,
			register: base + register.register,
			type: register.type,
			order: register.order ?? "ABCD",
		});
		const bytes = await session.readBlock(modbus.span?.(address) ?? expect.fail(), AbortSignal.timeout(3000));
		return (modbus.decode?.(address, bytes) as number) * (register.scale ?? 1);
	};
	return { session, read, lost };
}

test("the driver's client reads from the line's PLC what the sensors say", async () => {
	for (let i = 0; i < 50; i++) plant.advance(1);
	servers.refresh();
	const { read } = await dial("line-2-plc");
	for (const [i, kind] of lineKinds.entries()) {
		const machine = plant.works.lines[1]?.machines[i] ?? expect.fail();
		for (const register of lineTables[kind].registers as readonly Register[])
			expect(await read(register, lineTables[kind].base), `${kind}/${register.tag}`).toBeCloseTo(
				sensorOf(machine, register.tag).value,
				2,
			);
	}
});

test("the palletizer answers word-swapped floats, and exception 2 in its forbidden range", async () => {
	const { session, read } = await dial("palletizer-9");
	for (const register of palletizerTable)
		expect(await read(register), register.tag).toBeCloseTo(sensorOf(plant.works.palletizer, register.tag).value, 2);
	await expect(session.readBlock({ space: "holding", start: 16, length: 4 }, AbortSignal.timeout(3000))).rejects.toMatchObject({
		deviceCode: 2,
	});
	await expect(session.readBlock({ space: "input", start: 0, length: 1 }, AbortSignal.timeout(3000))).rejects.toBeInstanceOf(
		DeviceRefusal,
	);
});

test("a set point written over Modbus moves the machine", async () => {
	const { session, read } = await dial("line-1-plc");
	const reference =
		(lineTables.conveyor.registers as readonly Register[]).find((each) => each.tag === "speed-reference") ?? expect.fail();
	await session.write?.(modbus.address.parse({ register: 202, type: "uint16" }), 500, AbortSignal.timeout(3000));
	expect(await read(reference, 200)).toBeCloseTo(0.5, 9);
	for (let i = 0; i < 30; i++) plant.advance(1);
	servers.refresh();
	expect(sensorOf(plant.works.lines[0]?.machines[2] ?? expect.fail(), "speed").truth).toBeGreaterThan(0.4);
});

test("a cut wire ends the connection and refuses new ones until it is restored on the same port", async () => {
	const state = palletizerTable[0] as Register;
	const { lost, read } = await dial("palletizer-9");
	await read(state);
	const { port } = target("palletizer-9");
	await target("palletizer-9").act({ target: "palletizer-9", action: "cut", delayMs: 0 });
	await expect.poll(() => lost.length).toBe(1);
	await expect(dial("palletizer-9")).rejects.toThrow();
	await target("palletizer-9").act({ target: "palletizer-9", action: "restore", delayMs: 0 });
	expect(target("palletizer-9").port).toBe(port);
	const again = await dial("palletizer-9");
	expect(await again.read(state)).toBe(6);
});

test("stale transaction ids and a half-open wire leave requests unanswered", async () => {
	const { session } = await dial("line-3-plc");
	const ask = () => session.readBlock({ space: "holding", start: 0, length: 2 }, AbortSignal.timeout(150));
	await ask();
	for (const action of ["stale-ids", "half-open"] as const) {
		await target("line-3-plc").act({ target: "line-3-plc", action, delayMs: 0 });
		await expect(ask()).rejects.toThrow();
	}
	await target("line-3-plc").act({ target: "line-3-plc", action: "restore", delayMs: 0 });
	expect(await ask()).toHaveLength(4);
	await expect(target("line-3-plc").act({ target: "line-3-plc", action: "restart-new-ids", delayMs: 0 })).rejects.toThrow(
		/node ids/,
	);
});
