import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SampleBatch } from "@millwright/core";
import { createBus, createClock, silentLog } from "@millwright/runtime";
import { afterEach, expect, test } from "vitest";
import { samples } from "../api.ts";
import { raiseNumbers, ringFile } from "./raised-numbers.ts";
import { createRing, type Ring } from "./ring.ts";

const folders: string[] = [];
const rings: Ring[] = [];
afterEach(async () => {
	for (const ring of rings.splice(0)) await ring.stop();
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function folderForTest(): string {
	const folder = mkdtempSync(join(tmpdir(), "raised-"));
	folders.push(folder);
	return folder;
}

async function ringIn(dataFolder: string) {
	const bus = createBus({ log: silentLog });
	const heard: SampleBatch[] = [];
	bus.receive(samples, "test", (batch) => heard.push(batch));
	const ring = createRing({
		file: ringFile(dataFolder),
		settings: { keep: 1e9, keepAcknowledged: 1e9, maxBytes: 1e9, group: 1 },
		bus,
		clock: createClock(),
		log: silentLog,
	});
	rings.push(ring);
	await ring.start();
	return { ring, heard };
}

async function fill(ring: Ring, count: number, connection = "press"): Promise<{ first: number; last: number }> {
	const lane = ring.lane(connection);
	for (let i = 0; i < count; i++) {
		lane.counts.read++;
		lane.add(1, BigInt(i), i, 0);
		lane.settle();
	}
	return lane.durable(count);
}

const adds = ({ written, sent }: { written: { read: number; made: number; filtered: number }; sent: number }) =>
	written.read + written.made - written.filtered - sent;

test("a ring from a backup goes on above what the newer history knows, and its ledger still adds up", async () => {
	const data = folderForTest();
	raiseNumbers({ dataFolder: data, above: {} });
	const { ring } = await ringIn(data);
	await fill(ring, 50);
	await ring.stop();
	const backup = folderForTest();
	cpSync(data, backup, { recursive: true });
	raiseNumbers({ dataFolder: backup, above: { press: 499, lathe: 9 } });
	raiseNumbers({ dataFolder: backup, above: { press: 120 } });
	const restored = await ringIn(backup);
	expect(await fill(restored.ring, 10)).toEqual({ first: 500, last: 509 });
	expect(await fill(restored.ring, 1, "lathe")).toEqual({ first: 10, last: 10 });
	expect(adds(restored.ring.lane("press"))).toBe(0);
	expect(adds(restored.ring.lane("lathe"))).toBe(0);
	await expect.poll(() => restored.heard.filter(({ connection }) => connection === "press").at(-1)?.last).toBe(509);
	const covered = restored.heard.filter(({ connection }) => connection === "press");
	expect(covered.filter(({ length }) => length === 0)).toMatchObject([{ first: 50, last: 499 }]);
	// Taken over once: the next start raises nothing again.
	expect(existsSync(`${ringFile(backup)}.raised.json`)).toBe(false);
	await restored.ring.stop();
	const again = await ringIn(backup);
	expect(await fill(again.ring, 1)).toEqual({ first: 510, last: 510 });
});

test("numbers are raised even where the backup had no ring at all, and never lowered", async () => {
	const data = folderForTest();
	raiseNumbers({ dataFolder: data, above: { press: 77 } });
	const { ring } = await ringIn(data);
	expect(await fill(ring, 5)).toEqual({ first: 78, last: 82 });
	await ring.stop();
	raiseNumbers({ dataFolder: data, above: { press: 20 } });
	expect(await fill((await ringIn(data)).ring, 1)).toEqual({ first: 83, last: 83 });
	expect(() => raiseNumbers({ dataFolder: data, above: { press: Number.NaN } })).toThrow(/no number/);
});
