import { afterAll, beforeAll, expect, test } from "vitest";
import { expectEven } from "./even.ts";
import { type Factory, openFactory, smallLoad } from "./factory.ts";
import { halfOpen } from "./half-open.ts";
import { type MixingPlc, mixingConnection, mixingMap, openMixingPlc } from "./mixing-plc.ts";
import { newNodeIds } from "./new-node-ids.ts";
import { plcKilled } from "./plc-killed.ts";
import { staleIds } from "./stale-ids.ts";

let factory: Factory;
let plc: MixingPlc;
beforeAll(async () => {
	plc = await openMixingPlc({ timeoutMs: 1000 });
	factory = await openFactory({
		shape: smallLoad,
		connections: { mixing: mixingConnection(plc.server.port) },
		maps: { mixing: mixingMap },
	});
}, 120_000);
afterAll(async () => {
	await factory?.close();
	await plc?.close();
}, 60_000);

test("a machine that is cut off or loses power is told as not connected with its last good time, and comes back by itself", async () => {
	expectEven(await plcKilled(factory));
}, 120_000);

test("silence behind an open socket turns values stale, then the line is opened anew", async () => {
	expectEven(await halfOpen(factory));
}, 120_000);

test("an answer that belongs to another question is never stored as a value", async () => {
	const outcome = await staleIds(factory, plc);
	expectEven(outcome);
	expect(outcome.figures.foreign).toBe(0);
}, 120_000);

test("an OPC UA server that comes back with other node ids is read on", async () => {
	expectEven(await newNodeIds(factory));
}, 120_000);
