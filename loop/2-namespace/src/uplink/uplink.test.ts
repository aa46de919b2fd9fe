import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBus, memoryTagDirectory, silentLog } from "@millwright/runtime";
import type { SampleStore } from "@millwright/sense/api";
import { createFakeClock } from "@millwright/testkit";
import { afterEach, expect, test } from "vitest";
import { createRegistry } from "../gateways/registry.ts";
import { UplinkSettings } from "./api-uplink.ts";
import { createUplink } from "./uplink.ts";

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

test("before the ring is open nobody is dialled: its numbers are not known, and none must be taken for another ring's", async () => {
	const folder = mkdtempSync(join(tmpdir(), "millwright-uplink-"));
	closing.push(() => rmSync(folder, { recursive: true, force: true }));
	const sockets: Socket[] = [];
	const centre = createServer((socket) => sockets.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
	await once(centre, "listening");
	closing.push(() => {
		for (const socket of sockets) socket.destroy();
		centre.close();
	});
	const clock = createFakeClock();
	const registry = createRegistry({ folder: join(folder, "centre"), clock, log: silentLog });
	await registry.load();
	const { key } = await registry.admit({ gateway: "gate", title: "", paths: ["plant"] });
	const settings = UplinkSettings.parse({
		centre: { url: `mqtt://127.0.0.1:${(centre.address() as AddressInfo).port}`, gateway: "gate", key },
	});
	let isOpen = false;
	const store: SampleStore = {
		isOpen: () => isOpen,
		connections: () => (isOpen ? ["press"] : []),
		committed: () => (isOpen ? 99 : -1),
		unacknowledged: () => [],
		pull: async () => ({ batches: [], next: 100 }),
		async *replayRange() {},
		async *kept() {},
	};
	const uplink = createUplink({
		settings: () => settings,
		store,
		receipts: { acknowledge: () => {}, acknowledgeRange: () => {} },
		directory: memoryTagDirectory(),
		bus: createBus({ log: silentLog }),
		clock,
		log: silentLog,
		facts: () => undefined,
		onFacts: () => () => {},
		ledger: async () => ({}),
		dataFolder: folder,
		version: "1",
	});
	await uplink.part.start();
	closing.push(() => uplink.part.stop());
	await uplink.restart();
	await clock.advance(60_000);
	expect(uplink.status()).toMatchObject({ state: "waiting", reason: "The ring is not open yet" });
	expect(uplink.part.health?.()).toMatchObject({ state: "degraded", hint: expect.stringContaining("data folder") });
	expect(sockets).toHaveLength(0);
	isOpen = true;
	await clock.advance(1000);
	expect(uplink.status().state).toBe("connecting");
	await expect.poll(() => sockets.length, { timeout: 10_000 }).toBe(1);
});
