import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { type SampleBatch, SampleBatchBuilder } from "@millwright/core";
import { silentLog } from "@millwright/runtime";
import { createDuckDbSeries } from "../src/index.ts";

/**
 * Figures of the engine on this machine: `node engines/series-duckdb/measure/measure.ts [hours]`.
 * 50 tags at 1 Hz with 0 to 4 ms of jitter, a quarter each of temperatures in 0.01 steps, pressures in full precision,
 * counters and states, in batches of 100 rows, quality bad for a minute a day. Durable: append resolves after COMMIT.
 */
const hours = Number(process.argv[2] ?? 24);
const tags = 50;
const second = 1_000_000_000n;
const start = 1_767_571_200n * second;
const settings = { flushMs: 200, flushRows: 20_000, queueRows: 2_000_000, memoryMb: 256, threads: 1 };

const folder = await mkdtemp(join(tmpdir(), "series-measure-"));
const file = join(folder, "history.duckdb");
const engine = createDuckDbSeries({ file, log: silentLog, temporaryFolder: join(folder, "spill"), ...settings });
await engine.start();

let seed = 1;
const random = () => {
	seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
	return seed / 2_147_483_648;
};
const walk = new Float64Array(tags);
const builder = new SampleBatchBuilder(tags * 2);
let next = 0;
/** Two seconds of all tags. */
function twoSeconds(at: number): SampleBatch {
	for (let s = at; s < at + 2; s++)
		for (let tag = 0; tag < tags; tag++) {
			const time = start + BigInt(s) * second + BigInt(Math.floor(random() * 4_000_000));
			walk[tag] = (walk[tag] as number) + random() - 0.5;
			const kind = tag % 4;
			const value =
				kind === 0
					? Math.round(6000 + (walk[tag] as number) * 20) / 100
					: kind === 1
						? 4 + (walk[tag] as number) / 100
						: kind === 2
							? s * 3 + Math.floor(random() * 2)
							: Math.floor(s / 600) % 4;
			builder.add(tag + 1, time, value, s % 86_400 < 60 && tag === 0 ? 0x81 : 0);
		}
	const batch = builder.take({ connection: "plant", first: next });
	next = batch.last + 1;
	return batch;
}

const quantile = (values: number[], q: number) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * q)] as number;
const round = (value: number, digits = 1) => Number(value.toFixed(digits));
async function timed(what: () => Promise<unknown>, times = 9): Promise<number> {
	const took: number[] = [];
	for (let i = 0; i < times; i++) {
		const began = performance.now();
		await what();
		took.push(performance.now() - began);
	}
	return round(quantile(took, 0.5));
}

// Append: batches are made beforehand in lots, so that making them costs nothing here.
const seconds = hours * 3600;
let rows = 0;
let elapsed = 0;
let mainCpu = 0;
let allCpu = 0;
for (let at = 0; at < seconds; ) {
	const lot: SampleBatch[] = [];
	for (; at < seconds && lot.length < 5000; at += 2) lot.push(twoSeconds(at));
	const main = process.threadCpuUsage();
	const all = process.cpuUsage();
	const began = performance.now();
	await Promise.all(lot.map((batch) => engine.append(batch)));
	elapsed += performance.now() - began;
	const mainAfter = process.threadCpuUsage(main);
	const allAfter = process.cpuUsage(all);
	mainCpu += mainAfter.user + mainAfter.system;
	allCpu += allAfter.user + allAfter.system;
	rows += lot.reduce((sum, batch) => sum + batch.length, 0);
}
const floodFlush = engine.flushLatency();

const end = start + BigInt(seconds) * second;
const hour = 3600n * second;
const day = { from: end - 24n * hour < start ? start : end - 24n * hour, until: end };
const trend = { tags: [1, 2, 3, 4, 5, 6], range: { from: end - 18_000n * second, until: end }, points: 1500 };
const minute = 60n * second;
const dayAtMinuteMs = await timed(() =>
	engine.aggregate({ tags: [2], range: day, bucket: minute, functions: ["mean", "min", "max", "count"] }),
);
const dayAtMinuteOverTimeMs = await timed(() =>
	engine.aggregate({ tags: [2], range: day, bucket: minute, functions: ["timeWeightedMean", "goodDuration"] }),
);
const rawHourMs = await timed(() => engine.raw({ tag: 2, range: { from: end - hour, until: end }, limit: 100_000 }));
const trendMs = await timed(() => engine.downsample(trend));
const trendWithGapMs = await timed(() => engine.downsample({ tags: [1], range: { from: start, until: end }, points: 1500 }));
const allTagsAtHourMs = await timed(
	() =>
		engine.aggregate({
			tags: Array.from({ length: tags }, (_, i) => i + 1),
			range: { from: start, until: end },
			bucket: hour,
			functions: ["mean", "min", "max"],
		}),
	3,
);
const beforeMs = await timed(() => engine.before({ tags: Array.from({ length: tags }, (_, i) => i + 1), time: end }));

// 5,000 rows a second while a heavy question is asked without pause.
let asking = true;
let questions = 0;
const heavy = async () => {
	while (asking) {
		await engine.downsample(trend);
		questions++;
	}
};
const appends: number[] = [];
const flushes: number[] = [];
for (const withQuestions of [false, true]) {
	asking = withQuestions;
	const looping = withQuestions ? heavy() : Promise.resolve();
	const took: number[] = [];
	for (let tick = 0; tick < 100; tick++) {
		const began = performance.now();
		const pending: Promise<unknown>[] = [];
		for (let i = 0; i < 10; i++) pending.push(engine.append(twoSeconds(seconds + tick * 20 + i * 2)));
		await Promise.all(pending);
		took.push(performance.now() - began);
		flushes.push((await engine.figures()).lastFlushMs);
	}
	asking = false;
	await looping;
	appends.push(quantile(took, 0.99));
}
const idleFlushes = flushes.slice(0, 100);
const busyFlushes = flushes.slice(100);

await engine.stop();
const again = createDuckDbSeries({ file, log: silentLog, temporaryFolder: join(folder, "spill"), ...settings });
const opening = performance.now();
await again.start();
const openMs = performance.now() - opening;
const { bytes, rows: stored } = await again.figures();
await again.stop();
await rm(folder, { recursive: true, force: true });

const metrics = {
	appendRowsPerSecond: Math.round((rows / elapsed) * 1000),
	mainCpuMicrosPerRow: round(mainCpu / rows, 3),
	otherCpuMicrosPerRow: round((allCpu - mainCpu) / rows, 3),
	floodFlushP99Ms: round(floodFlush.p99),
	floodFlushMaxMs: round(floodFlush.max),
	bytesPerSampleHot: round(bytes / stored, 2),
	dayAtMinuteMs,
	dayAtMinuteOverTimeMs,
	rawHourMs,
	trendSixTagsMs: trendMs,
	trendWholeWithGapMs: trendWithGapMs,
	allTagsAtHourMs,
	lastFiftyMs: beforeMs,
	flushP50Ms: round(quantile(idleFlushes, 0.5)),
	flushP99Ms: round(quantile(idleFlushes, 0.99)),
	flushP99WhileAskedMs: round(quantile(busyFlushes, 0.99)),
	flushMaxWhileAskedMs: round(Math.max(...busyFlushes)),
	questionsMeanwhile: questions,
	openMs: round(openMs),
};
console.table(metrics);
console.log(
	JSON.stringify({ name: "series-duckdb", machine: `${availableParallelism()} × ${cpus()[0]?.model}`, rows: stored, metrics }),
);
