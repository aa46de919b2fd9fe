import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../kit/platform.ts";
import { admit, type Centre, type Edge, ledgerOf, startCentre, startEdge, stored, valuesOf } from "./kit.ts";

/** One keeps what the centre confirmed and sends it slowly after all, one lets go of it, one sends summaries. */
const gateways = ["keeps", "lets-go", "sums"] as const;
type Gateway = (typeof gateways)[number];
const before = 20;
const since = 400;
const total = before + since + 1;

let centre: Centre;
const edges = {} as Record<Gateway, Edge>;
const keys = {} as Record<Gateway, string>;
const tagsOf = (gateway: Gateway) => ["a", "b", "c"].map((name) => `plant/${gateway}/${name}`);

const start = (gateway: Gateway, uplink: Record<string, unknown> = {}) =>
	startEdge({
		folder: join(centre.folder, gateway),
		gateway,
		key: keys[gateway],
		url: `mqtt://127.0.0.1:${centre.mqttPort}`,
		tags: tagsOf(gateway),
		ring: gateway === "lets-go" ? { keepAcknowledged: 0 } : {},
		uplink: gateway === "sums" ? { mode: "summary", window: 500 } : uplink,
	});

const read = async (from: number, until: number) => {
	for (let at = from; at < until; at++)
		for (const gateway of gateways) await edges[gateway].read([at, Math.sqrt(at), Math.sin(at)]);
};

const confirmed = (gateway: Gateway) =>
	until(
		async () => edges[gateway].uplink.status().backlogRows,
		(rows) => rows === 0,
		{ what: `all of "${gateway}" confirmed`, withinMs: 30_000 },
	);

/** As the gateway's page says it. */
async function connectionOf(gateway: string, connection = "press") {
	const { gateways: all } = await centre.session.namespace.gateways({});
	return all.find((one) => one.gateway === gateway)?.connections.find((one) => one.connection === connection);
}

const sumOf = async (tag: string): Promise<number> =>
	(await valuesOf(centre, tag)).reduce<number>((sum, value) => sum + Number(value), 0);

beforeAll(async () => {
	centre = await startCentre();
	for (const gateway of gateways) {
		keys[gateway] = await admit(centre, gateway, [`plant/${gateway}`]);
		edges[gateway] = await start(gateway);
	}
	await read(0, before);
	for (const gateway of gateways) await confirmed(gateway);
	await centre.server.stop();
	const copy = join(centre.folder, "copy");
	cpSync(centre.data, copy, { recursive: true });
	await centre.startAgain();
	await read(before, before + since);
	for (const gateway of gateways) await confirmed(gateway);
	// Nothing acknowledged stays there; the newest batches go with the commits that follow.
	await until(
		async () => {
			await edges["lets-go"].read([0], { connection: "other" });
			return edges["lets-go"].sense.ringFigures().rows;
		},
		(rows) => rows < 50,
		{ what: "the acknowledged gone" },
	);
	await centre.server.stop();
	rmSync(centre.data, { recursive: true });
	cpSync(copy, centre.data, { recursive: true });
	// An edge knows what it was told also after its own restart; so narrow a line takes a while.
	await edges.keeps.end();
	edges.keeps = await start("keeps", { budget: 3000 });
	await centre.startAgain();
	await read(before + since, total);
}, 120_000);
afterAll(async () => {
	for (const edge of Object.values(edges)) await edge.end();
	await centre?.end();
});

test("a centre that was set back to an older copy of its data says what is missing, and gets it from the edge that keeps it", async () => {
	const missing = await until(
		() => connectionOf("keeps"),
		(one) => (one?.missing ?? 0) > 0,
		{ what: "something missing at the centre", withinMs: 30_000 },
	);
	expect(missing?.missing).toBeLessThanOrEqual(3 * since);
	expect(missing?.gaps[0]?.first).toBeGreaterThanOrEqual(3 * before);
	const { sent = 0, stored: there = 0, buffered } = missing?.ledger ?? {};
	expect(buffered).toBe(sent - there);
	expect(buffered).toBeGreaterThan(0);

	await stored(centre, 3 * total, "keeps/press");
	expect(await valuesOf(centre, "plant/keeps/a")).toEqual(Array.from({ length: total }, (_, at) => at));
	const even = await until(
		() => connectionOf("keeps"),
		(one) => one?.missing === 0 && one.ledger.buffered === 0,
		{ what: "nothing missing", withinMs: 30_000 },
	);
	expect(even?.ledger).toMatchObject({ sent: 3 * total, stored: 3 * total, expired: 0, duplicate: 0 });
}, 90_000);

test("what the edge has let go of by then stays said as missing and is not counted as stored", async () => {
	const short = await until(
		() => connectionOf("lets-go"),
		(one) => one?.missing === 3 * since && one.ledger.stored === 3 * (before + 1),
		{ what: "the missing told", withinMs: 30_000 },
	);
	expect(short?.gaps).toEqual([{ first: 3 * before, last: 3 * (before + since) - 1 }]);
	expect(short?.ledger).toMatchObject({ sent: 3 * total, buffered: 3 * since });
	expect(await valuesOf(centre, "plant/lets-go/b")).toHaveLength(before + 1);
}, 60_000);

test("summaries that are missing are made once more of the samples", async () => {
	await until(
		() => sumOf("plant/sums/a.count"),
		(count) => count >= total,
		{ what: "every sample counted", withinMs: 30_000 },
	);
	expect(await sumOf("plant/sums/a.count")).toBe(total);
	const largest = (await valuesOf(centre, "plant/sums/a.max")).reduce<number>((most, value) => Math.max(most, Number(value)), 0);
	expect(largest).toBe(total - 1);
	await until(
		() => connectionOf("sums", "summary:press"),
		(one) => one?.missing === 0,
		{ what: "nothing missing of the summaries" },
	);
	expect((await ledgerOf(centre, "sums/summary:press"))?.duplicate).toBe(0);
}, 60_000);

test("what is safe under a gateway's former name does not go up once more under a new one", async () => {
	await edges.keeps.end();
	const gateway = "renamed";
	const key = await admit(centre, gateway, ["plant/keeps"]);
	const url = `mqtt://127.0.0.1:${centre.mqttPort}`;
	edges.keeps = await startEdge({ folder: join(centre.folder, "keeps"), gateway, key, url, tags: tagsOf("keeps") });
	await until(
		async () => edges.keeps.uplink.status().state,
		(state) => state === "connected",
		{ what: "the line under the new name" },
	);
	await edges.keeps.read([total, 0, 0]);
	await confirmed("keeps");
	// Its heartbeat is ten times slower than the look for what the centre lacks.
	await until(
		() => connectionOf("renamed"),
		(one) => one?.through === 3 * total + 2,
		{ what: "the edge's next word at the centre" },
	);
	expect(edges.keeps.uplink.status().sentRows).toBe(3);
}, 60_000);
