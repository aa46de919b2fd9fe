import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isBad, isGood, Quality, type Reading } from "@millwright/core";
import { createFakeClock } from "@millwright/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeOf, openForTest, type Peer, pathOf, soon, startPeer } from "./peer-for-test.ts";
import { subscriptionPlan } from "./subscription.ts";

let folder: string;
let peer: Peer;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "millwright-opcua-outages-"));
	peer = await startPeer({ folder: join(folder, "peer"), many: 2500, mostPerCall: 90 });
}, 60_000);
afterAll(async () => {
	await peer?.kill();
	await rm(folder, { recursive: true, force: true });
});
const open = (settings: Record<string, unknown> = {}, tools: object = {}) =>
	openForTest({ endpoint: peer.endpoint, security: "None", ...settings }, { folder: join(folder, "client"), ...tools });
const many = (count: number) => Array.from({ length: count }, (_, i) => nodeOf(`V${i}`));
const within = { timeout: 8000, interval: 20 };

test("a folder of 2,500 variables is browsed page by page", async () => {
	const { session } = await open();
	const entries = await session.browse?.("nsu=urn:millwright:test-plant;s=Many", soon());
	expect(entries?.length).toBe(2500);
	expect(entries?.[2499]).toMatchObject({ name: "V2499", type: "Double", value: "2499", address: nodeOf("V2499") });
	await session.close();
});

test("variables are shown with unit, description and type", async () => {
	const { session } = await open();
	const entries = (await session.browse?.("nsu=urn:millwright:test-plant;s=CNC1", soon())) ?? [];
	const named = (name: string) => entries.find((entry) => entry.name === name);
	expect(named("Speed")).toMatchObject({
		kind: "variable",
		type: "Double",
		unit: "Cel",
		description: "Spindle speed",
		value: "1200.5",
	});
	expect(named("Mode")).toMatchObject({ type: "TestMode", value: "1" });
	expect(named("Big")).toMatchObject({ type: "Int64", value: "9223372036854775807" });
	await session.close();
});

test("reads beyond the server's limit are split, bad items among good ones keep their places", async () => {
	const { session } = await open();
	const addresses = many(200);
	addresses[50] = nodeOf("Nowhere");
	addresses[150] = { path: "/Line1/Nowhere", namespace: "urn:millwright:test-plant" };
	const readings = await session.read(addresses, soon());
	for (const [i, reading] of readings.entries())
		if (i === 50 || i === 150) expect(reading).toMatchObject({ value: null, quality: Quality.badConfiguration });
		else expect(reading).toMatchObject({ value: i, quality: Quality.good });
	await session.close();
});

test("a subscription beyond the server's limit brings every item", async () => {
	const { session } = await open();
	const seen = new Map<number, Reading>();
	const addresses = [...many(250), nodeOf("Nowhere")];
	const subscription = await session.subscribe?.(
		addresses,
		{ samplingMs: 100 },
		(index, reading) => seen.set(index, reading),
		() => {},
		soon(),
	);
	await expect.poll(() => seen.size, within).toBe(251);
	for (let i = 0; i < 250; i++) expect(seen.get(i)).toMatchObject({ value: i, quality: Quality.good });
	expect(isBad(seen.get(250)?.quality ?? 0)).toBe(true);
	await subscription?.stop();
	await session.close();
});

test("an item that was missing is found by the next subscription once it exists", async () => {
	const { session } = await open();
	const seen: Reading[] = [];
	const subscribe = () =>
		session.subscribe?.(
			[pathOf("Late")],
			{ samplingMs: 50 },
			(_, reading) => seen.push(reading),
			() => {},
			soon(),
		);
	await subscribe();
	expect(seen).toMatchObject([{ value: null, quality: Quality.badConfiguration }]);
	peer.add("Late", 42);
	expect(await peer.get("Late")).toBe(42);
	await subscribe();
	await expect.poll(() => seen.at(-1)?.value, within).toBe(42);
	// A node that is deleted while it is watched says so, and is looked up again when it is back.
	peer.remove("Late");
	await expect.poll(() => isBad(seen.at(-1)?.quality ?? 0), within).toBe(true);
	peer.add("Late", 43);
	expect(await peer.get("Late")).toBe(43);
	await subscribe();
	await expect.poll(() => seen.at(-1)?.value, within).toBe(43);
	await session.close();
});

test("a path whose node was replaced while connected leads to the new one", async () => {
	const { session } = await open();
	const value = async () => (await session.read([pathOf("Swap")], soon()))[0]?.value;
	peer.add("Swap", 1);
	await peer.get("Swap");
	expect(await value()).toBe(1);
	peer.remove("Swap");
	peer.add("Swap", 2, "Swap-2");
	await peer.get("Swap");
	expect([await value(), await value()]).toEqual([null, 2]);
	await session.close();
});

test("a frozen server is found out and reported lost, though its socket stays open", async () => {
	const { session, losses } = await open({ keepAlive: "300ms" });
	let alive = 0;
	await session.subscribe?.(
		[nodeOf("Level")],
		{ samplingMs: 50 },
		() => {},
		() => alive++,
		soon(),
	);
	await expect.poll(() => alive, within).toBeGreaterThan(0);
	peer.freeze();
	try {
		await expect.poll(() => losses.length, within).toBe(1);
		expect(losses[0]).toMatchObject({ code: "opcua.silent", kind: "outage" });
		await expect(session.read([nodeOf("Level")], soon())).rejects.toThrow();
	} finally {
		peer.thaw();
	}
	await session.close();
});

test("a read that gets no answer ends with a timeout, not never", async () => {
	const { session, losses } = await open({ keepAlive: "1h", requestTimeout: "300ms" });
	peer.freeze();
	try {
		await expect(session.read([nodeOf("Level")], new AbortController().signal)).rejects.toMatchObject({ code: "opcua.timeout" });
	} finally {
		peer.thaw();
	}
	expect(losses).toEqual([]);
	await session.close();
});

test("an idle connection to a healthy server is kept", async () => {
	const clock = createFakeClock();
	const { session, losses } = await open({ keepAlive: "1s" }, { clock });
	for (let i = 0; i < 6; i++) {
		// Long enough to be asked, too short to be given up; answers come in order, so after the read's the other is there.
		await clock.advance(1300);
		await session.read([nodeOf("Level")], soon());
	}
	expect(losses).toEqual([]);
	await session.close();
});

test("queues hold what a fast item says during two seconds", () => {
	for (const samplingMs of [10, 50, 100, 250, 1000]) {
		const { queueSize, publishingMs } = subscriptionPlan(samplingMs);
		expect(queueSize * samplingMs).toBeGreaterThanOrEqual(2000);
		expect(publishingMs).toBeLessThanOrEqual(500);
	}
	expect(subscriptionPlan(0).queueSize).toBeLessThanOrEqual(1000);
});

test("a server that comes back with other node ids and namespace numbers is understood", async () => {
	const before = await open();
	const addresses = [pathOf("Speed"), nodeOf("Speed"), { node: "nsu=urn:millwright:test-plant;s=new-Speed" }];
	expect((await before.session.read(addresses, soon())).map(({ quality }) => isGood(quality))).toEqual([true, true, false]);
	await peer.kill();
	await expect.poll(() => before.losses.length, within).toBe(1);
	await before.session.close();
	await peer.revive({ namespacesBefore: 3, nodePrefix: "new-", many: 0 });
	const after = await open();
	expect((await after.session.read(addresses, soon())).map(({ value }) => value)).toEqual([1200.5, null, 1200.5]);
	await after.session.close();
}, 40_000);
