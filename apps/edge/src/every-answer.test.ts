import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isGood, Quality, type SampleBatch } from "@millwright/core";
import { createModbusServer, type Request, type Response } from "@millwright/driver-modbus/server";
import { createClock, memoryConfig, silentLog } from "@millwright/runtime";
import { samples } from "@millwright/sense/api";
import { afterEach, expect, test } from "vitest";
import { drivers } from "./drivers.ts";
import { createEdge, type Edge } from "./edge.ts";
import { sections } from "./settings.ts";

const registers = 62;
const clock = createClock();
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

/** Numbers by chance that are the same in every run. */
function seeded(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

/** A machine whose registers count how often each was answered, and that takes its time. */
async function countingMachine(random: () => number) {
	const reads = new Uint16Array(registers);
	const answer = (request: Request): Response => {
		if (request.code !== 3) return { code: request.code, exception: 1 };
		const data = new Uint8Array(request.quantity * 2);
		for (let word = 0; word < request.quantity; word++) {
			const register = request.start + word;
			const value = (reads[register] ?? 0) + 1;
			reads[register] = value;
			data[word * 2] = value >> 8;
			data[word * 2 + 1] = value & 0xff;
		}
		return { code: 3, data };
	};
	const server = createModbusServer({
		clock,
		units: new Map([[1, answer]]),
		beforeAnswer: () => (random() < 0.3 ? { delayMs: Math.floor(random() * 20) } : undefined),
	});
	await server.listen();
	closing.push(() => server.close());
	return { server, reads };
}

const tagName = (register: number) => `plant/press/count-${register}`;

const connection = (port: number, { every = 5, oneByOne = false, shown = registers } = {}) => ({
	driver: "modbus",
	settings: { host: "127.0.0.1", port },
	every,
	timeout: 2000,
	retry: { first: 20, longest: 50 },
	blocks: { oneByOne },
	tags: Object.fromEntries(
		Array.from({ length: registers }, (_, register) => [
			tagName(register),
			{ address: { register }, kind: "integer", unit: register < shown ? "1" : "%" },
		]),
	),
});

/** What became durable, by tag: values in order of their numbers, null for each mark of a lost connection. */
function listenTo(edge: Edge, heard: Map<number, (number | null)[]>): void {
	edge.bus.receive(samples, "test", (batch: SampleBatch) => {
		for (let row = 0; row < batch.length; row++) {
			const quality = batch.quality[row] as number;
			if (!isGood(quality) && quality !== Quality.badNotConnected) continue;
			const tag = batch.tags[row] as number;
			const list = heard.get(tag) ?? [];
			list.push(isGood(quality) ? (batch.values[row] as number) : null);
			heard.set(tag, list);
		}
		edge.sense.receipts.acknowledgeRange(batch.connection, batch.first, batch.last);
	});
}

async function plantForTest(seed: number) {
	const random = seeded(seed);
	const data = mkdtempSync(join(tmpdir(), "every-answer-"));
	closing.push(() => rmSync(data, { recursive: true, force: true }));
	const machine = await countingMachine(random);
	const heard = new Map<number, (number | null)[]>();
	const settings = { press: connection(machine.server.port) };
	const start = async () => {
		const config = memoryConfig(sections, { sense: { connections: settings } }, silentLog, clock);
		const edge = await createEdge({ config, data, clock, log: silentLog, drivers });
		listenTo(edge, heard);
		await edge.start();
		return { edge, config };
	};
	return { random, machine, heard, start };
}

for (const seed of [1, 2, 3])
	test(`every answer a machine gave is stored, once and in order, however often its connection is configured anew and the edge ended (seed ${seed})`, async () => {
		const { random, machine, heard, start } = await plantForTest(seed);
		let running = await start();
		for (let round = 0; round < 25; round++) {
			await pause(random() * 60);
			if (random() < 0.25) {
				await running.edge.stop();
				running = await start();
				continue;
			}
			const value = connection(machine.server.port, {
				every: 3 + Math.floor(random() * 10),
				oneByOne: random() < 0.3,
				shown: Math.floor(random() * registers),
			});
			await running.config.apply([{ path: ["sense", "connections", "press"], value }], { who: "test" });
		}
		await pause(50);
		await running.edge.stop();
		expect(heard.size).toBe(registers);
		const counted = [...heard.values()].map((list) => list.filter((value) => value !== null));
		expect(machine.reads.some((count) => count > 50)).toBe(true);
		for (const [register, values] of counted.entries())
			expect(values).toEqual(Array.from({ length: machine.reads[register] as number }, (_, i) => i + 1));
	}, 60_000);

test("where a line is cut, what is missing lies between a good value and the mark that says so, nowhere else", async () => {
	const { random, machine, heard, start } = await plantForTest(7);
	const { edge } = await start();
	let cuts = 0;
	while (cuts < 20) {
		await pause(30 + random() * 60);
		await machine.server.unplug();
		cuts++;
		await machine.server.listen();
	}
	await pause(200);
	await edge.stop();
	for (const list of heard.values()) {
		let before = 0;
		let wasCut = false;
		for (const value of list) {
			if (value === null) {
				wasCut = true;
				continue;
			}
			if (wasCut) expect(value).toBeGreaterThan(before);
			else expect(value).toBe(before + 1);
			before = value;
			wasCut = false;
		}
		expect(before).toBeGreaterThan(20);
	}
	const ledger = (await edge.sense.service.ledger({})).total;
	expect(ledger.read + ledger.made).toBe(ledger.sent + ledger.filtered + ledger.rejected);
}, 60_000);
