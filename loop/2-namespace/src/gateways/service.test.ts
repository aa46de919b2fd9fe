import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryTagDirectory, silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { afterEach, expect, test } from "vitest";
import { GatewaySettings } from "../api-gateways.ts";
import { createAsking } from "./asking.ts";
import { GatewayLine } from "./gateway-line.ts";
import { createRegistry } from "./registry.ts";
import { createGatewayService } from "./service.ts";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function serviceForTest() {
	const folder = mkdtempSync(join(tmpdir(), "millwright-gateways-"));
	folders.push(folder);
	const clock = createFakeClock();
	const registry = createRegistry({ folder, clock, log: silentLog });
	await registry.load();
	await registry.admit({ gateway: "gate", title: "Gate", paths: ["plant"] });
	const directory = memoryTagDirectory();
	const settings = GatewaySettings.parse({});
	const line = new GatewayLine({
		gateway: "gate",
		registry,
		directory,
		clock,
		settings: () => settings,
		ownerOf: () => undefined,
		storedRanges: () => [],
		handOn: () => {},
		tagsChanged: () => {},
		refused: () => {},
	});
	const counts = new Map<string, number>();
	const made = createGatewayService({
		registry,
		lines: new Map([["gate", line]]),
		asking: createAsking({ clock, send: () => true }),
		clock,
		history: {
			isOpen: () => true,
			trouble: () => undefined,
			connections: () => [],
			storedRanges: () => [],
			received: () => 0,
			stored: (connection) => counts.get(connection) ?? 0,
			duplicate: () => 0,
		},
		directory,
		admitted: () => {},
		forget: () => {},
	});
	return { line, counts, ...made };
}

test("only connections that ever held something are listed", async () => {
	const { line, counts, service, ledgers, statuses } = await serviceForTest();
	line.lane("summary:press");
	line.lane("press").stored(0, 9);
	counts.set("gate/press", 10);
	const [gate] = (await service.gateways({})).gateways;
	expect(gate?.connections).toMatchObject([{ connection: "press", storedThrough: 9, ledger: { stored: 10 } }]);
	expect(Object.keys(ledgers())).toEqual(["gate/press"]);
	expect(statuses().map(({ connection }) => connection)).toEqual(["gate/press"]);
});

test("what was safe and is gone counts as missing until it is back, also where summaries go up", async () => {
	const { line, service } = await serviceForTest();
	const connections = {
		press: { mode: "raw" as const, priority: 5, through: 99, backlogRows: 0, owed: [], lost: [[10, 99] as [number, number]] },
		oven: { mode: "summary" as const, priority: 5, through: 49, backlogRows: 0, owed: [], lost: [[20, 49] as [number, number]] },
	};
	line.state = {
		hello: false,
		gone: false,
		line: 1,
		version: "1",
		dictionary: 1,
		bytesPerSecond: 0,
		budget: null,
		backlogBytes: 0,
		asked: [],
		connections,
	};
	line.lane("press").stored(0, 9);
	line.lane("summary:oven").stored(0, 19);
	const told = async () => (await service.gateways({})).gateways[0]?.connections.map(({ missing, gaps }) => ({ missing, gaps }));
	expect(await told()).toEqual([
		{ missing: 90, gaps: [{ first: 10, last: 99 }] },
		{ missing: 30, gaps: [{ first: 20, last: 49 }] },
	]);
	line.lane("press").stored(20, 99);
	line.lane("summary:oven").stored(20, 49);
	expect(await told()).toEqual([
		{ missing: 10, gaps: [{ first: 10, last: 19 }] },
		{ missing: 0, gaps: [] },
	]);
});
