/**
 * What this package costs by itself: a driver that answers at once, everything else real (pipelines, ring with fsync).
 * node loop/1-sense/measure/throughput.ts [connections] [tags each] [poll ms] [seconds] [group ms] [spread of paces, ms]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BlockSession, type Driver, driver, type SampleBatch } from "@millwright/core";
import { createBus, createClock, createLatency, createLog, memoryConfig, memoryTagDirectory } from "@millwright/runtime";
import * as z from "zod";
import { samples } from "../src/api.ts";
import { createSense, senseSection } from "../src/index.ts";

const [connections = 10, tags = 50, every = 100, seconds = 10, group = 5, spread = 0] = process.argv.slice(2).map(Number);

const instant: Driver = driver({
	name: "instant",
	title: "Answers at once",
	settings: z.strictObject({}),
	address: z.strictObject({ register: z.int() }),
	describe: ({ register }) => `register ${register}`,
	span: ({ register }) => ({ space: "holding", start: register, length: 1 }),
	decode: (_address, bytes) => ((bytes[0] as number) << 8) | (bytes[1] as number),
	limits: { maxLength: 125 },
	async open() {
		const memory = new Uint8Array(65_536 * 2);
		const session: BlockSession<{ register: number }> = {
			kind: "block",
			async readBlock({ start, length }) {
				for (let at = start; at < start + length; at++) memory[at * 2 + 1] = ((memory[at * 2 + 1] as number) + 1) & 255;
				return memory.slice(start * 2, (start + length) * 2);
			},
			async close() {},
		};
		return session;
	},
});

const folder = mkdtempSync(join(tmpdir(), "throughput-"));
const clock = createClock();
const log = createLog({ level: "warn" });
const bus = createBus({ log });
const config = memoryConfig(
	[senseSection],
	{
		sense: {
			ring: { group },
			connections: Object.fromEntries(
				Array.from({ length: connections }, (_, i) => [
					`machine-${i}`,
					{
						driver: "instant",
						settings: {},
						every: every + (i % (1 + spread)),
						tags: Object.fromEntries(
							Array.from({ length: tags }, (__, at) => [
								`plant/machine-${i}/tag-${at}`,
								{
									address: { register: at },
									unit: "Cel",
									pipeline: { scale: 0.1, offset: -5, range: { min: -40, max: 400 }, rate: { perSecond: 1e6 } },
								},
							]),
						),
					},
				]),
			),
		},
	},
	log,
	clock,
);
const sense = createSense({
	config,
	directory: memoryTagDirectory(),
	bus,
	clock,
	log,
	drivers: { instant: async () => instant },
	dataFolder: folder,
});
let values = 0;
let batches = 0;
let latency = createLatency();
bus.receive(samples, "bench", (batch: SampleBatch) => {
	values += batch.length;
	batches++;
	latency.add(Number(clock.now()) / 1e6 - batch.readAtMs);
	sense.receipts.acknowledge(batch.connection, batch.last);
});
await sense.part.start();
await clock.sleep(1000);
latency = createLatency();
const [begun, before, mine, first] = [performance.now(), process.cpuUsage(), process.threadCpuUsage(), { values, batches }];
await clock.sleep(seconds * 1000);
const elapsed = (performance.now() - begun) / 1000;
const all = process.cpuUsage(before);
const main = process.threadCpuUsage(mine);
const counted = values - first.values;
const micros = (usage: { user: number; system: number }) => (usage.user + usage.system) / counted;
const { commits, bytes, rows } = sense.ringFigures();
await sense.part.stop();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(
	`${JSON.stringify({
		valuesPerSecond: Math.round(counted / elapsed),
		batchesPerSecond: Math.round((batches - first.batches) / elapsed),
		mainThreadMicrosPerValue: Number(micros(main).toFixed(3)),
		processMicrosPerValue: Number(micros(all).toFixed(3)),
		cpuPercentOfOneCore: Number((((all.user + all.system) / 1e6 / elapsed) * 100).toFixed(1)),
		readToPublishedP50Ms: Number(latency.quantile(0.5).toFixed(2)),
		readToPublishedP99Ms: Number(latency.quantile(0.99).toFixed(2)),
		commits,
		bytesPerValue: Number((bytes / rows).toFixed(2)),
	})}\n`,
);
