import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClock, silentLog } from "@millwright/runtime";
import { AttributeIds, DataType, MessageSecurityMode, OPCUAClient, SecurityPolicy } from "node-opcua";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kindFacts, processCellNamespace } from "../demo/kinds.ts";
import { createPlant } from "../plant.ts";
import { openPlantOpcUa, type PlantOpcUa } from "./plant-opcua.ts";

const folder = mkdtempSync(join(tmpdir(), "cell-"));
const plant = createPlant();
let cell: PlantOpcUa;

beforeAll(async () => {
	cell = await openPlantOpcUa({ plant, clock: createClock(), log: silentLog, port: 0, folder });
}, 60_000);
afterAll(async () => {
	await cell.target.close();
	rmSync(folder, { recursive: true, force: true });
});

async function dial(secure = false) {
	const client = OPCUAClient.create({
		endpointMustExist: false,
		securityMode: secure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None,
		securityPolicy: secure ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None,
		connectionStrategy: { maxRetry: 0 },
	});
	client.on("connection_failed", () => {});
	await client.connect(`opc.tcp://127.0.0.1:${cell.target.port}`);
	const session = await client.createSession();
	const namespaces = await session.readNamespaceArray();
	const index = namespaces.indexOf(processCellNamespace);
	const read = (id: string) => session.read({ nodeId: `ns=${index};s=${id}`, attributeId: AttributeIds.Value });
	const end = async () => {
		await session.close();
		await client.disconnect();
	};
	return { session, index, read, end };
}

test("values, units, source times and set points are served, also signed and encrypted", async () => {
	const { session, index, read, end } = await dial(true);
	try {
		plant.advance(1);
		cell.refresh();
		const temperature = await read("Reactor7.Temperature");
		expect(temperature.value.value).toBeCloseTo(87.5, 0);
		expect(Math.abs(Date.now() - (temperature.sourceTimestamp?.getTime() ?? 0))).toBeLessThan(60_000);
		expect((await read("Reactor7.ControlMode")).value.value).toBe("pid_active");
		const properties = await session.browse(`ns=${index};s=Pump001.FlowRate`);
		const unit = properties.references?.find((reference) => reference.browseName.name === "EngineeringUnits") ?? expect.fail();
		expect((await session.read({ nodeId: unit.nodeId, attributeId: AttributeIds.Value })).value.value.displayName.text).toBe(
			"m³/h",
		);

		const write = (value: number) =>
			session.write({
				nodeId: `ns=${index};s=Reactor7.Setpoint`,
				attributeId: AttributeIds.Value,
				value: { value: { dataType: DataType.Double, value } },
			});
		expect((await write(86.25)).isGood()).toBe(true);
		expect((await read("Reactor7.Setpoint")).value.value).toBe(86.25);
		expect((await write(500)).name).toBe("BadOutOfRange");
		const refused = await session.write({
			nodeId: `ns=${index};s=Reactor7.Temperature`,
			attributeId: AttributeIds.Value,
			value: { value: { dataType: DataType.Double, value: 1 } },
		});
		expect(refused.isGood()).toBe(false);
	} finally {
		await end();
	}
}, 30_000);

test("every tag the demo knows of the process cell has a node, and the other way round", async () => {
	const { session, index, end } = await dial();
	try {
		const served = new Set<string>();
		for (const machine of ["Reactor7", "CuringOven7", "Pump001", "Pump002", "CleanRoom"]) {
			const children = await session.browse(`ns=${index};s=${machine}`);
			for (const reference of children.references ?? [])
				if (reference.browseName.namespaceIndex === index) served.add(`${machine}.${reference.browseName.name}`);
		}
		expect(served.size).toBe(plant.works.processCell.reduce((sum, machine) => sum + machine.sensors.length, 0));
		for (const machine of plant.works.processCell) {
			const known = Object.entries(kindFacts[machine.kind as keyof typeof kindFacts].tags).filter(
				([, fact]) => !("expression" in fact),
			);
			expect(known.map(([name]) => name).sort()).toEqual(machine.sensors.map((sensor) => sensor.name).sort());
		}
	} finally {
		await end();
	}
}, 30_000);

test("a skewed clock shows in the source times", async () => {
	plant.faults.inject({ machine: "process-cell", fault: "clock-skew", severity: 1, minutes: 0, after: 0 });
	cell.refresh();
	const { read, end } = await dial();
	const ahead = ((await read("Pump001.Speed")).sourceTimestamp?.getTime() ?? 0) - Date.now();
	expect(ahead).toBeGreaterThan(240_000);
	plant.faults.repair({});
	await end();
}, 30_000);

test("after a restart with new ids the namespace stands elsewhere and serves on on the same port; a cut wire refuses", async () => {
	const before = { index: cell.target.namespaceIndex, port: cell.target.port };
	await cell.target.act({ target: "process-cell", action: "restart-new-ids", delayMs: 0 });
	expect(cell.target.port).toBe(before.port);
	const { index, read, end } = await dial();
	expect(index).toBe(before.index + 1);
	expect((await read("Pump001.FlowRate")).value.value).toBeGreaterThan(30);
	await end();
	await cell.target.act({ target: "process-cell", action: "cut", delayMs: 0 });
	await expect(dial()).rejects.toThrow();
	await cell.target.act({ target: "process-cell", action: "restore", delayMs: 0 });
	await (await dial()).end();
}, 30_000);
