import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowseEntry, Quality, type Reading, type Value } from "@millwright/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Asyncua, nodeOf, pathOf, python, startAsyncua } from "./asyncua-peer-for-test.ts";
import { openForTest, soon } from "./peer-for-test.ts";

const title = "the OPC UA driver against asyncua (needs python3 with asyncua, which npm test installs where it can)";
/** 06:00:00.123456 and the 78.9 ns beyond, of which whole ones are kept. */
const measuredAt = BigInt(Date.parse("2026-01-05T06:00:00Z")) * 1_000_000n + 123_456_078n;
const within = { timeout: 10_000, interval: 20 };

describe.skipIf(!python)(title, () => {
	let folder: string;
	let peer: Asyncua;
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), "millwright-asyncua-"));
		peer = await startAsyncua({ folder });
	}, 60_000);
	afterAll(async () => {
		await peer?.close();
		await rm(folder, { recursive: true, force: true });
	});
	const open = (settings: Record<string, unknown> = {}) =>
		openForTest({ endpoint: peer.endpoint, security: "None", ...settings }, { folder: join(folder, "client") });
	const readAll = async (names: readonly string[]): Promise<Reading[]> => {
		const { session } = await open();
		const readings = await session.read(names.map(nodeOf), soon());
		await session.close();
		return readings;
	};

	test.for<[string, Value]>([
		["Speed", 1200.5],
		["Torque", Math.fround(0.1)],
		["Small", 200],
		["Tiny", -100],
		["Short", -30_000],
		["Word", 60_000],
		["Count", -7],
		["Parts", 4_000_000_000],
		["Big", -9_007_199_254_740_993n],
		["Total", 18_446_744_073_709_551_614n],
		["Running", true],
		["Name", "Spindle ä 1"],
		["Nameless", null],
		["Started", "2026-01-05T06:00:00.123456Z"],
		["Serial", "72962b91-fa75-4ae6-8d28-b404dc7daf63"],
		["Blob", "c0ffee"],
		["Note", "Warmlauf"],
		["Mode", 1],
		["Odd/Name: 50%", 4.25],
		["Profile", "[1,2.5,-3]"],
		["Flags", "[true,false]"],
		["Names", '["a","ü",""]'],
		["Totals", '["-9007199254740993","5"]'],
		["Empty", "[]"],
		["Matrix", "[[1,2,3],[4,5,6]]"],
		["Tool", '{"number":"1152921504606846977","label":"mill","wear":0.25}'],
	])("%s reads as %s, at the time it was measured to the nanosecond", async ([name, value]) => {
		expect(await readAll([name])).toEqual([{ value, time: measuredAt, quality: Quality.good }]);
	});

	test("bad, doubtful and missing items say so, and harm none of the good ones beside them", async () => {
		const readings = await readAll(["Speed", "Broken", "Nowhere", "Doubtful", "NotANumber", "Running"]);
		expect(readings).toMatchObject([
			{ value: 1200.5, quality: Quality.good },
			{ value: null, quality: Quality.badSensorFault, reason: "BadSensorFailure" },
			{ value: null, quality: Quality.badConfiguration, reason: "BadNodeIdUnknown" },
			{ value: 20.25, quality: Quality.uncertainStale, reason: "UncertainLastUsableValue" },
			{ value: null, quality: Quality.badType },
			{ value: true, quality: Quality.good },
		]);
	});

	test("paths lead to the same values as node ids, odd names included", async () => {
		const { session } = await open();
		const readings = await session.read([pathOf("Speed"), pathOf("Odd&/Name&: 50%"), pathOf("Nowhere")], soon());
		expect(readings).toMatchObject([
			{ value: 1200.5, quality: Quality.good },
			{ value: 4.25, quality: Quality.good },
			{ value: null, quality: Quality.badConfiguration, reason: "BadNoMatch" },
		]);
		await session.close();
	});

	test("browsing finds the machine with types, units and addresses that can be read", async () => {
		const { session } = await open();
		const below = async (node?: string): Promise<BrowseEntry[]> => (await session.browse?.(node, soon())) ?? [];
		const named = (entries: BrowseEntry[], name: string) => entries.find((entry) => entry.name === name);
		const line = named(await below(), "Line1");
		const machine = named(await below(line?.node), "CNC1");
		const entries = await below(machine?.node);
		expect(named(entries, "Speed")).toEqual({
			node: nodeOf("Speed").node,
			name: "Speed",
			kind: "variable",
			address: nodeOf("Speed"),
			type: "Double",
			unit: "Cel",
			description: "Spindle speed",
			value: "1200.5",
		});
		expect(named(entries, "Torque")?.unit).toBe("furlong");
		expect(named(entries, "Mode")).toMatchObject({ type: "TestMode", value: "1" });
		const odd = named(entries, "Odd/Name: 50%");
		expect(await session.read([odd?.address as ReturnType<typeof nodeOf>], soon())).toMatchObject([{ value: 4.25 }]);
		await session.close();
	});

	test.for<[string, Value, string, string]>([
		["Setpoint", 61.5, "61.5", "Double"],
		["Feed", 0.5, "0.5", "Float"],
		["Small", 7, "7", "Byte"],
		["Tiny", -7, "-7", "SByte"],
		["Short", 300, "300", "Int16"],
		["Word", 65_535, "65535", "UInt16"],
		["Count", -2_000_000, "-2000000", "Int32"],
		["Parts", 4_294_967_295, "4294967295", "UInt32"],
		["Big", -(1n << 62n), "-4611686018427387904", "Int64"],
		["Total", (1n << 64n) - 1n, "18446744073709551615", "UInt64"],
		["Running", false, "False", "Boolean"],
		["Name", "Ünï ✓", "Ünï ✓", "String"],
		["Started", "2026-02-01T00:00:00.654321Z", "2026-02-01 00:00:00.654321+00:00", "DateTime"],
		// An enumeration whose type has a small number in the plant's own namespace.
		["Mode", 2, "2", "Int32"],
	])("what is written to %s, %s, is what the server holds and what is read back", async ([name, value, text, type]) => {
		const { session } = await open();
		await session.write?.(nodeOf(name), value, soon());
		expect(await peer.get(name)).toMatchObject({ text, type });
		expect(await session.read([nodeOf(name)], soon())).toMatchObject([{ value, quality: Quality.good }]);
		await session.close();
	});

	test("a write to what may not be written is refused with the server's word", async () => {
		const { session } = await open();
		await expect(session.write?.(nodeOf("Speed"), 1, soon())).rejects.toMatchObject({ reason: "BadUserAccessDenied" });
		await expect(session.write?.(nodeOf("Nowhere"), 1, soon())).rejects.toMatchObject({ reason: "BadNodeIdUnknown" });
		expect(await peer.get("Speed")).toMatchObject({ value: 1200.5 });
		await session.close();
	});

	test("a count at 10 Hz arrives whole and in order, even across a pause of ours", async () => {
		const { session, losses } = await open();
		const seen: Reading[] = [];
		const subscription = await session.subscribe?.(
			[nodeOf("Counter"), nodeOf("Nowhere"), nodeOf("Broken")],
			{ samplingMs: 100 },
			(index, reading) => void (index === 0 ? seen : others).push(reading),
			() => {},
			soon(),
		);
		expect(await peer.clients()).toEqual({ sessions: 1, subscriptions: 1 });
		await expect.poll(() => seen.length, within).toBeGreaterThan(5);
		// Our thread stands still; the server goes on counting.
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
		await expect.poll(() => seen.length, within).toBeGreaterThan(30);
		await subscription?.stop();
		const counts = seen.map(({ value }) => value as bigint);
		expect(counts).toEqual(counts.map((_, i) => (counts[0] as bigint) + BigInt(i)));
		expect(seen.every(({ quality }) => quality === Quality.good)).toBe(true);
		expect(seen.every(({ time }, i) => i === 0 || time > (seen[i - 1] as Reading).time)).toBe(true);
		expect(seen.some(({ time }) => time % 1_000_000n !== 0n)).toBe(true);
		expect(others.map(({ reason }) => reason).sort()).toEqual(["BadNodeIdUnknown", "BadSensorFailure"]);
		expect(losses).toEqual([]);
		await session.close();
		expect(await peer.clients()).toEqual({ sessions: 0, subscriptions: 0 });
	});
	const others: Reading[] = [];

	test("a status that changes alone is a change", async () => {
		const { session } = await open();
		const seen: Reading[] = [];
		await session.subscribe?.(
			[nodeOf("Setpoint")],
			{ samplingMs: 100 },
			(_, reading) => void seen.push(reading),
			() => {},
			soon(),
		);
		await expect.poll(() => seen.length, within).toBe(1);
		await peer.setStatus("Setpoint", "BadOutOfService");
		await expect.poll(() => seen.at(-1)?.quality, within).toBe(Quality.badOutOfService);
		await peer.setStatus("Setpoint", "Good");
		await expect.poll(() => seen.at(-1)?.quality, within).toBe(Quality.good);
		await session.close();
	});

	test("a node that is taken away turns bad, its neighbours stay", async () => {
		const { session } = await open();
		const addresses = [nodeOf("Flags"), pathOf("Flags"), nodeOf("Speed")];
		expect((await session.read(addresses, soon())).map(({ quality }) => quality)).toEqual([0, 0, 0]);
		await peer.delete("Flags");
		expect((await session.read(addresses, soon())).map(({ quality }) => quality)).toEqual([
			Quality.badConfiguration,
			Quality.badConfiguration,
			Quality.good,
		]);
		await session.close();
	});

	test("a server that stops is reported lost, and understood when it is back with other namespace numbers", async () => {
		const before = await open();
		const byNumber = { node: `ns=${peer.plant()};s=Speed` };
		const addresses = [nodeOf("Speed"), pathOf("Speed"), byNumber];
		expect((await before.session.read(addresses, soon())).map(({ value }) => value)).toEqual([1200.5, 1200.5, 1200.5]);
		await peer.stop();
		await expect.poll(() => before.losses.length, within).toBe(1);
		await before.session.close();
		await expect(open()).rejects.toMatchObject({ code: "opcua.connect-failed", kind: "outage" });
		await peer.start(3);
		const after = await open();
		expect((await after.session.read(addresses, soon())).map(({ value }) => value)).toEqual([1200.5, 1200.5, null]);
		expect((await after.session.browse?.(undefined, soon()))?.find(({ name }) => name === "Line1")?.node).toBe(
			nodeOf("Line1").node,
		);
		await after.session.close();
	});
});
