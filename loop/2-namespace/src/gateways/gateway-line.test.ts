import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import {
	type EnvelopeEntry,
	type EnvelopeKind,
	encodeBatch,
	encodeEnvelope,
	openEnvelope,
	Quality,
	type SampleBatch,
	SampleBatchBuilder,
} from "@millwright/core";
import { memoryTagDirectory, silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { afterEach, expect, test } from "vitest";
import { GatewaySettings } from "../api-gateways.ts";
import { GatewayLine } from "./gateway-line.ts";
import { readKey, signWith } from "./keys.ts";
import { jsonBytes } from "./link-messages.ts";
import { createRegistry } from "./registry.ts";

const folders: string[] = [];
const settled: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const wait of settled.splice(0)) await wait();
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function lineForTest(given: Record<string, unknown> = {}, about: { folder?: string; owner?: string } = {}) {
	const folder = about.folder ?? mkdtempSync(join(tmpdir(), "millwright-gateways-"));
	if (about.folder === undefined) folders.push(folder);
	const clock = createFakeClock();
	const registry = createRegistry({ folder, clock, log: silentLog });
	settled.push(registry.settled);
	await registry.load();
	const made = registry.find("gate") ? undefined : await registry.admit({ gateway: "gate", title: "", paths: ["plant"] });
	const settings = GatewaySettings.parse(given);
	const directory = memoryTagDirectory();
	const handed: SampleBatch[] = [];
	const line = new GatewayLine({
		gateway: "gate",
		registry,
		directory,
		clock,
		settings: () => settings,
		ownerOf: () => about.owner,
		storedRanges: () => [],
		handOn: (batch) => handed.push(batch),
		tagsChanged: () => {},
		refused: () => {},
	});
	await line.restore();
	const key = made ? readKey(made.key) : undefined;
	let counter = 0;
	function say(kind: EnvelopeKind, body: Uint8Array | EnvelopeEntry[]): void {
		const signing = key ?? { id: "none", secret: Buffer.alloc(32) };
		const head = {
			kind,
			sentAtMs: clock.nowMs(),
			epoch: 1000,
			counter: ++counter,
			dictionary: 7,
			gateway: "gate",
			key: signing.id,
		};
		line.take(openEnvelope(encodeEnvelope(head, body, signWith(signing))), clock.nowMs());
	}
	return {
		line,
		clock,
		registry,
		directory,
		handed,
		folder,
		key,
		say,
		tags: (names: string[]) =>
			say(
				"tags",
				deflateSync(
					jsonBytes({
						version: 7,
						part: 0,
						parts: 1,
						tags: names.map((tag, at) => ({
							id: at + 40,
							tag,
							facts: {
								connection: "press",
								unit: "Cel",
								kind: "number",
								dataClass: "restricted",
								device: "press",
								protocol: "test",
							},
						})),
					}),
				),
			),
		batch: (first: number, count: number, { after = -1, tag = 40 } = {}) => {
			const builder = new SampleBatchBuilder(count);
			for (let at = 0; at < count; at++) builder.add(tag, BigInt(first + at), first + at, at % 2 === 0 ? 0 : Quality.badDevice);
			say("batches", [{ lane: "live", after, bytes: encodeBatch(builder.take({ connection: "press", first })) }]);
		},
	};
}

test("a gateway's ids become this process's own, under its own connection's name", async () => {
	const { tags, batch, handed, directory } = await lineForTest();
	directory.assign(["other/a", "other/b"]);
	tags(["plant/a"]);
	batch(0, 2);
	expect(handed[0]).toMatchObject({ connection: "gate/press", first: 0, last: 1, historical: false });
	expect(directory.nameOf(handed[0]?.tags[0] as number)).toBe("plant/a");
});

test("a batch that comes before its dictionary is dropped whole, to come again", async () => {
	const { batch, handed, line } = await lineForTest();
	batch(0, 2);
	expect(handed).toEqual([]);
	expect(line.refusals.unknownTags).toBe(1);
});

test("values of a gateway whose clock is wrong become uncertain only where that is wanted", async () => {
	for (const [skewMakesUncertain, due] of [
		[true, [Quality.uncertain, Quality.badDevice]],
		[false, [Quality.good, Quality.badDevice]],
	] as const) {
		const { tags, batch, handed, line } = await lineForTest({ skewMakesUncertain });
		tags(["plant/a"]);
		line.isSkewed = true;
		batch(0, 2);
		expect([...(handed[0]?.quality ?? [])]).toEqual(due);
	}
});

test("what waits for its predecessor is bounded: beyond it goes on without", async () => {
	const { tags, batch, handed, line } = await lineForTest({ reorderRows: 1000 });
	tags(["plant/a"]);
	for (let at = 1; at <= 30; at++) batch(at * 100, 100, { after: at * 100 - 1 - 50 });
	expect(line.heldRows()).toBeLessThanOrEqual(1000);
	expect(handed.length).toBeGreaterThanOrEqual(20);
});

test("tags that somebody else owns are refused and told", async () => {
	const { tags, line } = await lineForTest({}, { owner: "the connection cnc-1" });
	tags(["plant/a"]);
	expect(line.tags.refused).toEqual([{ tag: "plant/a", reason: "the connection cnc-1 owns it" }]);
	expect(line.tags.size).toBe(0);
});

test("dictionary and confidentiality outlive a restart; keys stand nowhere", async () => {
	const before = await lineForTest();
	before.tags(["plant/a"]);
	await before.registry.settled();
	const after = await lineForTest({}, { folder: before.folder });
	expect(after.line.tags.version).toBe(7);
	expect([...after.line.tags.allFacts()][0]).toMatchObject({ tag: "plant/a", dataClass: "restricted", connection: "gate/press" });
	expect(after.registry.keyOf("gate", before.key?.id as string)?.secret).toEqual(before.key?.secret);
	const secret = before.key?.secret as Buffer;
	for (const file of readdirSync(before.folder)) {
		const bytes = readFileSync(join(before.folder, file));
		expect(bytes.includes(secret)).toBe(false);
		expect(bytes.toString().includes(secret.toString("base64url"))).toBe(false);
	}
});
