import { afterAll, beforeAll, expect, test } from "vitest";
import { expectEven } from "./even.ts";
import { type Factory, openFactory, smallLoad } from "./factory.ts";
import { floodingClients } from "./flooding-clients.ts";
import { frozenSubscriber } from "./frozen-subscriber.ts";
import { garbage } from "./garbage.ts";
import { type HostileMachine, hostileConnections, openHostileMachine } from "./hostile-machines.ts";
import { lateDocuments } from "./late-documents.ts";
import { reconnectStorm } from "./reconnect-storm.ts";
import { slowBrowser } from "./slow-browser.ts";

const seed = 7;
let factory: Factory;
let machine: HostileMachine;
beforeAll(async () => {
	machine = await openHostileMachine(seed);
	factory = await openFactory({
		shape: smallLoad,
		connections: hostileConnections(machine.port),
		mqtt: { queueBytes: 65_536 },
	});
}, 120_000);
afterAll(async () => {
	await factory?.close();
	machine?.close();
}, 60_000);

test("a browser that stops reading holds up nobody and knows the newest values when it reads again", async () => {
	const outcome = await slowBrowser(factory, { frames: 80 });
	expectEven(outcome);
	expect(outcome.figures.skipped).toBeGreaterThan(0);
}, 120_000);

test("a frozen subscriber and a message of ten megabytes are felt by nobody else", async () => {
	expectEven(await frozenSubscriber(factory, { floods: 20 }));
}, 120_000);

test("publishers that flood are slowed down, and whoever reads gets everything in order", async () => {
	const outcome = await floodingClients(factory, { publishers: 10, messages: 1000 });
	expectEven(outcome);
	expect(outcome.figures.messages).toBe(10_000);
}, 120_000);

test("clients that all come back at once get what waited for them and hold nobody up", async () => {
	expectEven(await reconnectStorm(factory, { clients: 100, rounds: 2 }));
}, 120_000);

test("nonsense on every port and from machines leaves the process up and the values flowing", async () => {
	expectEven(await garbage(factory, { count: 63, seed, machine }));
}, 120_000);

test("documents out of order and twice are stored once each, in order of their own time", async () => {
	expectEven(await lateDocuments(factory, { count: 60, seed }));
}, 120_000);
