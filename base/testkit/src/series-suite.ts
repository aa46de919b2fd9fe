import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type AggregateName,
	aggregateNames,
	Quality,
	type SampleBatch,
	SampleBatchBuilder,
	type SeriesEngine,
	type SeriesRows,
	type Value,
} from "@millwright/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

export interface SeriesPeer {
	/** Not started. */
	engine: SeriesEngine;
	/** Stops this one and gives another, not started, over the same data. */
	again(): Promise<SeriesEngine>;
	/** Called after the engine has stopped. */
	close(): Promise<void>;
}

type Point = { time: bigint; value: Value; quality: number };

const second = 1_000_000_000n;
/** 2026-01-05 06:00:00 UTC. */
const start = 1_767_592_800n * second;
const range = { from: start, until: start + 86_400n * second };

const point = (seconds: number, value: Value, quality: number = Quality.good): Point => ({
	time: start + BigInt(Math.round(seconds * 1e9)),
	value,
	quality,
});

export function seriesBatch(
	connection: string,
	first: number,
	points: readonly { tag: number; time: bigint; value: Value; quality: number }[],
	last?: number,
): SampleBatch {
	const builder = new SampleBatchBuilder(Math.max(1, points.length));
	for (const { tag, time, value, quality } of points) builder.add(tag, time, value, quality);
	return builder.take({ connection, first, ...(last === undefined ? {} : { last }) });
}

const numbers = (rows: SeriesRows) => [...rows.values].map((value) => (Number.isNaN(value) ? null : value));
const seconds = (rows: { times: BigInt64Array }) => [...rows.times].map((time) => Number(time - start) / 1e9);

/** What every series engine promises. Each engine's own test file runs it. */
export function seriesSuite(name: string, open: () => Promise<SeriesPeer>): void {
	describe(`series on ${name}`, () => {
		let peer: SeriesPeer;
		let engine: SeriesEngine;
		let folder: string;
		let lastTag = 0;
		let lastConnection = 0;

		beforeAll(async () => {
			folder = await mkdtemp(join(tmpdir(), "series-suite-"));
			peer = await open();
			engine = peer.engine;
			await engine.start();
		});
		afterAll(async () => {
			await engine.stop();
			await peer.close();
			await rm(folder, { recursive: true, force: true });
		});

		/** Every test has tags and connections of its own. */
		const newTag = () => ++lastTag;
		const newConnection = () => `connection-${++lastConnection}`;
		const store = async (points: readonly Point[], tag = newTag()) => {
			if (points.length > 0)
				await engine.append(
					seriesBatch(
						newConnection(),
						0,
						points.map((one) => ({ tag, ...one })),
					),
				);
			return tag;
		};
		const all = (tag: number) => engine.raw({ tag, range, limit: 100_000 });

		test("gives back numbers, missing numbers, words, qualities and nanoseconds as they were stored", async () => {
			const time = start + 123_456_789n;
			const tag = await store([
				{ time, value: 21.5, quality: Quality.good },
				{ time: time + 1n, value: null, quality: Quality.badNotConnected },
				{ time: time + 2n, value: "RUN’ning ✓ a word longer than twelve bytes", quality: Quality.goodOverridden },
				{ time: time + 3n, value: 9_007_199_254_740_993n, quality: Quality.uncertainRange },
				{ time: time + 4n, value: true, quality: 0xff },
				{ time: time + 5n, value: -0.1 - 0.2, quality: Quality.good },
			]);
			const rows = await all(tag);
			expect([...rows.times]).toEqual([0n, 1n, 2n, 3n, 4n, 5n].map((ns) => time + ns));
			expect(numbers(rows)).toEqual([21.5, null, null, null, 1, -0.1 - 0.2]);
			expect([...rows.quality]).toEqual([0x00, 0x81, 0x01, 0x42, 0xff, 0x00]);
			expect([...(rows.texts ?? [])]).toEqual([
				[2, "RUN’ning ✓ a word longer than twelve bytes"],
				[3, "9007199254740993"],
			]);
		});

		test("orders late samples by source time and keeps both of a correction in order of arrival", async () => {
			const tag = newTag();
			await store([point(10, 1), point(30, 3)], tag);
			await store([point(20, 2), point(10, 1.5), point(0, 0)], tag);
			const rows = await all(tag);
			expect(seconds(rows)).toEqual([0, 10, 10, 20, 30]);
			expect(numbers(rows)).toEqual([0, 1, 1.5, 2, 3]);
		});

		test("takes the start of a range in and leaves its end out", async () => {
			const tag = await store([point(0, 0), point(1, 1), point(2, 2)]);
			const rows = await engine.raw({ tag, range: { from: start + second, until: start + 2n * second }, limit: 10 });
			expect(numbers(rows)).toEqual([1]);
		});

		test("drops the newest beyond the limit, or the oldest when asked, and stays in time order", async () => {
			const tag = await store([0, 1, 2, 3, 4].map((at) => point(at, at)));
			const oldest = await engine.raw({ tag, range, limit: 2 });
			const newest = await engine.raw({ tag, range, limit: 2, newestFirst: true });
			expect(numbers(oldest)).toEqual([0, 1]);
			expect(numbers(newest)).toEqual([3, 4]);
			expect([oldest.samples ?? 5, newest.samples ?? 5]).toEqual([5, 5]);
		});

		test("knows nothing of a tag without samples", async () => {
			const tag = newTag();
			expect((await all(tag)).times.length).toBe(0);
			expect((await engine.before({ tags: [tag], time: start })).size).toBe(0);
			const buckets = await engine.aggregate({ tags: [tag], range, bucket: second, functions: ["mean", "goodDuration"] });
			expect(buckets.get(tag)?.starts.length ?? 0).toBe(0);
			expect((await engine.downsample({ tags: [tag], range, points: 10 })).get(tag)?.times.length ?? 0).toBe(0);
		});

		test("drops a batch that is known and stores only the unknown rows of an overlap", async () => {
			const connection = newConnection();
			const tag = newTag();
			const rows = (first: number, count: number) =>
				seriesBatch(
					connection,
					first,
					Array.from({ length: count }, (_, i) => ({ tag, ...point(first + i, first + i) })),
				);
			expect(await engine.append(rows(0, 10))).toEqual({ stored: 10, duplicate: 0 });
			expect(await engine.append(rows(0, 10))).toEqual({ stored: 0, duplicate: 10 });
			expect(await engine.append(rows(20, 5))).toEqual({ stored: 5, duplicate: 0 });
			expect(await engine.append(rows(5, 25))).toEqual({ stored: 15, duplicate: 10 });
			expect(numbers(await all(tag))).toEqual(Array.from({ length: 30 }, (_, i) => i));
		});

		test("counts what is known even while it is still on its way", async () => {
			const connection = newConnection();
			const tag = newTag();
			const batch = seriesBatch(connection, 0, [{ tag, ...point(0, 1) }]);
			const both = await Promise.all([engine.append(batch), engine.append(batch)]);
			expect(both).toEqual([
				{ stored: 1, duplicate: 0 },
				{ stored: 0, duplicate: 1 },
			]);
			expect(numbers(await all(tag))).toEqual([1]);
		});

		test("treats a batch whose rows are not one a number as one piece", async () => {
			const connection = newConnection();
			const tag = newTag();
			const derived = (first: number, last: number, values: number[]) =>
				seriesBatch(
					connection,
					first,
					values.map((value) => ({ tag, ...point(value, value) })),
					last,
				);
			expect(await engine.append(derived(0, 9, [1, 2]))).toEqual({ stored: 2, duplicate: 0 });
			expect(await engine.append(derived(0, 9, [1, 2]))).toEqual({ stored: 0, duplicate: 2 });
			expect(await engine.append(derived(5, 14, [3, 4, 5]))).toEqual({ stored: 3, duplicate: 0 });
			expect(engine.storedThrough(connection)).toBe(14);
			expect(numbers(await all(tag))).toEqual([1, 2, 3, 4, 5]);
		});

		test("says how far a connection is stored without a gap, from its lowest number", async () => {
			const connection = newConnection();
			const rows = (first: number, last: number) =>
				seriesBatch(
					connection,
					first,
					Array.from({ length: last - first + 1 }, (_, i) => ({ tag: 1_000_000, ...point(first + i, 1) })),
				);
			expect(engine.storedThrough(connection)).toBe(-1);
			await engine.append(rows(5, 9));
			expect(engine.storedThrough(connection)).toBe(9);
			await engine.append(rows(20, 29));
			expect(engine.storedThrough(connection)).toBe(9);
			expect(engine.storedCount(connection)).toBe(15);
			await engine.append(seriesBatch(connection, 10, [], 19));
			expect(engine.storedThrough(connection)).toBe(29);
			await engine.append(rows(25, 29));
			expect(engine.storedCount(connection)).toBe(25);
		});

		test("finds the last sample before a time, of several at once the one that came last", async () => {
			const recent = await store([point(1, 1), point(2, 2), point(2, 2.5), point(3, 3)]);
			const old = await store([{ time: start - 400n * 86_400n * second, value: "IDLE", quality: Quality.uncertain }]);
			const later = await store([point(50, 1)]);
			const found = await engine.before({ tags: [recent, old, later], time: start + 3n * second });
			expect(found.get(recent)).toEqual({ time: start + 2n * second, value: 2.5, quality: Quality.good });
			expect(found.get(old)).toMatchObject({ text: "IDLE", quality: Quality.uncertain });
			expect(found.has(later)).toBe(false);
		});

		const aggregateOne = async (
			tag: number,
			functions: readonly AggregateName[],
			{ from = 0, until = 60, bucket = 10 }: { from?: number; until?: number; bucket?: number } = {},
		) => {
			const answer = await engine.aggregate({
				tags: [tag],
				range: { from: start + BigInt(from) * second, until: start + BigInt(until) * second },
				bucket: BigInt(bucket) * second,
				functions,
			});
			const { starts, columns } = answer.get(tag) ?? { starts: new BigInt64Array(), columns: {} };
			return {
				starts: seconds({ times: starts }),
				...Object.fromEntries(functions.map((name) => [name, numbersOf(columns[name] ?? new Float64Array())])),
			};
		};
		const numbersOf = (column: Float64Array) => [...column].map((value) => (Number.isNaN(value) ? null : value));

		test("aggregates good samples per bucket and leaves out buckets without samples", async () => {
			const tag = await store([
				point(0, 1),
				point(5, 3),
				point(9, 100, Quality.badSensorFault),
				point(31, 7),
				point(32, "word"),
				point(55, 5, Quality.uncertainRange),
			]);
			expect(await aggregateOne(tag, ["count", "countGood", "mean", "min", "max", "sum", "stddev", "first", "last"])).toEqual({
				starts: [0, 30, 50],
				count: [3, 2, 1],
				countGood: [2, 2, 0],
				mean: [2, 7, null],
				min: [1, 7, null],
				max: [3, 7, null],
				sum: [4, 7, null],
				stddev: [Math.SQRT2, null, null],
				first: [1, 7, null],
				last: [3, 7, null],
			});
		});

		test("takes the later arrival as the last of two samples at one time", async () => {
			const tag = newTag();
			await store([point(1, 1), point(2, 2)], tag);
			await store([point(2, 20), point(1, 10)], tag);
			expect(await aggregateOne(tag, ["first", "last"])).toEqual({ starts: [0], first: [1], last: [20] });
		});

		test("lets a good value hold across borders until the next sample, and a bad one end it", async () => {
			const tag = await store([point(-100, 4), point(5, 10), point(25, 20), point(28, 0, Quality.badNotConnected), point(42, 6)]);
			expect(await aggregateOne(tag, ["timeWeightedMean", "goodDuration", "count"])).toEqual({
				starts: [0, 10, 20, 40, 50],
				timeWeightedMean: [7, 10, (5 * 10 + 3 * 20) / 8, 6, 6],
				goodDuration: [10e9, 10e9, 8e9, 8e9, 10e9],
				count: [1, 0, 2, 1, 0],
			});
		});

		test("lets nothing hold into a range from a bad sample before it", async () => {
			const tag = await store([point(-20, 4), point(-10, 4, Quality.bad), point(15, 1)]);
			expect(await aggregateOne(tag, ["goodDuration"], { until: 20 })).toEqual({ starts: [10], goodDuration: [5e9] });
		});

		test("begins buckets at 1970 even when the range begins inside one", async () => {
			const tag = await store([point(3, 1), point(7, 2), point(12, 3)]);
			expect(await aggregateOne(tag, ["count", "goodDuration"], { from: 5, until: 13 })).toEqual({
				starts: [0, 10],
				count: [1, 1],
				goodDuration: [5e9, 3e9],
			});
		});

		test("lets no value hold beyond now", async () => {
			const now = BigInt(Date.now()) * 1_000_000n;
			const tag = await store([{ time: now - 10n * second, value: 1, quality: Quality.good }]);
			const hour = 3600n * second;
			const answer = await engine.aggregate({
				tags: [tag],
				range: { from: now - hour, until: now + hour },
				bucket: hour,
				functions: ["goodDuration"],
			});
			const total = [...(answer.get(tag)?.columns.goodDuration ?? [])].reduce((sum, ns) => sum + ns, 0);
			expect(total).toBeGreaterThanOrEqual(9e9);
			expect(total).toBeLessThan(600e9);
		});

		test("agrees with a plain calculation on any samples, buckets and ranges", async () => {
			const anyPoint = fc.record({
				at: fc.integer({ min: -50, max: 250 }),
				value: fc.oneof(fc.integer({ min: -100, max: 100 }), fc.constant(null)),
				quality: fc.constantFrom(Quality.good, Quality.good, Quality.good, Quality.bad, Quality.uncertain),
			});
			await fc.assert(
				fc.asyncProperty(
					fc.array(anyPoint, { maxLength: 40 }),
					fc.integer({ min: 0, max: 100 }),
					fc.integer({ min: 1, max: 120 }),
					fc.integer({ min: 1, max: 60 }),
					async (given, from, length, bucket) => {
						const points = given.map(({ at, value, quality }) => point(at, value, quality));
						const tag = await store(points);
						const asked = { from, until: from + length, bucket };
						const real = await aggregateOne(tag, aggregateNames, asked);
						const plain = plainly(points, asked);
						expect(real.starts).toEqual(plain.starts);
						for (const name of aggregateNames) {
							const column = (real as Record<string, unknown>)[name] as (number | null)[];
							for (const [i, expected] of (plain.columns[name] as (number | null)[]).entries())
								if (expected === null) expect(column[i], name).toBeNull();
								else expect(column[i], `${name} of bucket ${i}`).toBeCloseTo(expected, 6);
						}
					},
				),
				{ numRuns: 40 },
			);
		});

		test("hands out all samples when they are no more than the points asked for", async () => {
			const tag = await store([point(0, 1), point(1, 2, Quality.bad), point(2, "word")]);
			const rows = (await engine.downsample({ tags: [tag], range, points: 3 })).get(tag) as SeriesRows;
			expect(numbers(rows)).toEqual([1, 2, null]);
			expect(rows.texts?.get(2)).toBe("word");
		});

		test("keeps first, last, least and greatest of each column within the points asked for", async () => {
			const points = Array.from({ length: 2000 }, (_, i) => point(i / 10, Math.sin(i / 7) * (i % 13)));
			const tag = await store(points);
			const asked = { from: start, until: start + 200n * second };
			const rows = (await engine.downsample({ tags: [tag], range: asked, points: 80 })).get(tag) as SeriesRows;
			expect(rows.times.length).toBeLessThanOrEqual(80);
			expect(rows.samples ?? 2000).toBe(2000);
			const kept = new Set([...rows.times].map((time, i) => `${time} ${rows.values[i]}`));
			for (let column = 0; column < 20; column++) {
				const within = points.slice(column * 100, column * 100 + 100);
				const byValue = within.toSorted((a, b) => (a.value as number) - (b.value as number));
				for (const one of [within[0], within.at(-1), byValue[0], byValue.at(-1)])
					expect(kept.has(`${one?.time} ${one?.value}`), `column ${column}`).toBe(true);
			}
			expect([...rows.times]).toEqual([...rows.times].toSorted((a, b) => (a < b ? -1 : 1)));
		});

		test("keeps both sides of every change between good and bad", async () => {
			const bad = (i: number) => (i >= 300 && i < 310) || (i >= 777 && i < 779) || i === 1500;
			const points = Array.from({ length: 2000 }, (_, i) =>
				point(i / 10, bad(i) ? null : i % 50, bad(i) ? Quality.badNotConnected : Quality.good),
			);
			const tag = await store(points);
			const asked = { from: start, until: start + 200n * second };
			const rows = (await engine.downsample({ tags: [tag], range: asked, points: 60 })).get(tag) as SeriesRows;
			expect(rows.times.length).toBeLessThanOrEqual(60);
			const kept = new Set([...rows.times].map((time) => Math.round(Number(time - start) / 1e8)));
			for (const edge of [299, 300, 309, 310, 776, 777, 778, 779, 1499, 1500, 1501]) expect(kept, `${edge}`).toContain(edge);
		});

		test("shows the same stretches of good and bad as the samples, whatever their pattern", async () => {
			await fc.assert(
				fc.asyncProperty(
					fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 12 }),
					fc.integer({ min: 60, max: 120 }),
					async (stretches, budget) => {
						const qualities = stretches.flatMap(([good, count]) =>
							new Array<number>(count).fill(good ? Quality.good : Quality.badStale),
						);
						const points = qualities.map((quality, i) => point(i, (i * 7919) % 101, quality));
						const tag = await store(points);
						const asked = { from: start, until: start + BigInt(points.length) * second };
						const rows = (await engine.downsample({ tags: [tag], range: asked, points: budget })).get(tag) as SeriesRows;
						const pattern = (codes: Iterable<number>) =>
							[...codes].map((code) => code < 0x40).filter((good, i, all) => good !== all[i - 1]);
						expect(rows.times.length).toBeLessThanOrEqual(budget);
						expect(pattern(rows.quality)).toEqual(pattern(qualities));
						const kept = [...rows.times].map((time) => Number((time - start) / second));
						for (const [i, quality] of qualities.entries())
							if (i > 0 && quality !== qualities[i - 1]) expect(kept).toEqual(expect.arrayContaining([i - 1, i]));
						const good = points.filter(({ quality }) => quality === Quality.good).map(({ value }) => value as number);
						const shown = [...rows.values].filter((_, i) => rows.quality[i] === Quality.good);
						expect(Math.max(...shown)).toBe(Math.max(...good));
						expect(Math.min(...shown)).toBe(Math.min(...good));
					},
				),
				{ numRuns: 40 },
			);
		});

		test("stays within the points even when good and bad change with every sample", async () => {
			const points = Array.from({ length: 3000 }, (_, i) => point(i / 10, i, i % 2 ? Quality.bad : Quality.good));
			const tag = await store(points);
			const asked = { from: start, until: start + 300n * second };
			const rows = (await engine.downsample({ tags: [tag], range: asked, points: 100 })).get(tag) as SeriesRows;
			expect(rows.times.length).toBeLessThanOrEqual(100);
			expect(rows.times.length).toBeGreaterThan(50);
			expect([...rows.quality].some((code) => code === Quality.bad)).toBe(true);
			expect([...rows.quality].some((code) => code === Quality.good)).toBe(true);
		});

		test("answers many tags at once, each for itself", async () => {
			const a = await store([point(1, 1), point(2, 2)]);
			const b = await store([point(1, 10)]);
			const rows = await engine.downsample({ tags: [a, b], range, points: 10 });
			expect([numbers(rows.get(a) as SeriesRows), numbers(rows.get(b) as SeriesRows)]).toEqual([[1, 2], [10]]);
			const buckets = await engine.aggregate({ tags: [b, a], range, bucket: 60n * second, functions: ["sum"] });
			expect([buckets.get(a)?.columns.sum?.[0], buckets.get(b)?.columns.sum?.[0]]).toEqual([3, 10]);
		});

		test("exports CSV by topic and time with nanoseconds and names of quality", async () => {
			const late = await store([point(2, 2), { time: start + 1n, value: "two\nlines", quality: Quality.badStale }]);
			const other = await store([point(1, 0.1)]);
			const file = join(folder, "it's one.csv");
			const tags = [
				{ id: late, topic: "udt/plant/b" },
				{ id: other, topic: "udt/plant/a" },
			];
			expect(await engine.export({ tags, range, format: "csv", file })).toEqual({ rows: 3 });
			expect(await readFile(file, "utf8")).toBe(
				[
					"tag,time,value,text,quality",
					"udt/plant/a,2026-01-05T06:00:01.000000000Z,0.1,,good",
					'udt/plant/b,2026-01-05T06:00:00.000000001Z,,"two\nlines",bad:stale',
					"udt/plant/b,2026-01-05T06:00:02.000000000Z,2.0,,good\n",
				].join("\n"),
			);
		});

		test("exports Parquet", async () => {
			const tag = await store([point(1, 1), point(2, 2)]);
			const file = join(folder, "two.parquet");
			const tags = [{ id: tag, topic: "udt/plant/a" }];
			expect(await engine.export({ tags, range, format: "parquet", file })).toEqual({ rows: 2 });
			expect((await readFile(file)).subarray(0, 4).toString()).toBe("PAR1");
			expect((await stat(file)).size).toBeGreaterThan(100);
		});

		test("does not answer a question that was taken back", async () => {
			const tag = await store([point(1, 1)]);
			await expect(engine.raw({ tag, range, limit: 1, signal: AbortSignal.abort() })).rejects.toThrow();
		});

		test("counts rows and knows the oldest and newest", async () => {
			const before = await engine.figures();
			await store([point(1, 1), { time: start + 900n * 86_400n * second, value: 1, quality: 0 }]);
			const after = await engine.figures();
			expect(after.rows - before.rows).toBe(2);
			expect(after.newest).toBe(start + 900n * 86_400n * second);
			expect(after.oldest).toBeLessThan(start);
			expect(after.bytes).toBeGreaterThan(0);
			expect(after.queued).toBe(0);
		});

		test("knows after a restart what was stored, and drops it when it comes again", async () => {
			const connection = newConnection();
			const tag = newTag();
			const batch = seriesBatch(
				connection,
				0,
				[0, 1, 2].map((at) => ({ tag, ...point(at, at) })),
			);
			await engine.append(batch);
			engine = await peer.again();
			await engine.start();
			expect(engine.storedThrough(connection)).toBe(2);
			expect(await engine.append(batch)).toEqual({ stored: 0, duplicate: 3 });
			expect(numbers(await all(tag))).toEqual([0, 1, 2]);
		});

		test("stores what was taken before it stops", async () => {
			const tag = newTag();
			const taken = engine.append(seriesBatch(newConnection(), 0, [{ tag, ...point(1, 42) }]));
			engine = await peer.again();
			expect(await taken).toEqual({ stored: 1, duplicate: 0 });
			await engine.start();
			expect(numbers(await all(tag))).toEqual([42]);
		});
	});
}

/** The same numbers by walking over every second. */
function plainly(points: readonly Point[], asked: { from: number; until: number; bucket: number }) {
	const sorted = points
		.map((one, arrival) => ({ ...one, at: Number((one.time - start) / second), arrival }))
		.toSorted((a, b) => a.at - b.at || a.arrival - b.arrival);
	const isGood = (quality: number) => quality < 0x40;
	const starts: number[] = [];
	const columns = Object.fromEntries(aggregateNames.map((name) => [name, [] as (number | null)[]]));
	const phase = Number((start / second) % BigInt(asked.bucket));
	const firstBucket = Math.floor((asked.from + phase) / asked.bucket) * asked.bucket - phase;
	for (let begin = firstBucket; begin < asked.until; begin += asked.bucket) {
		const from = Math.max(begin, asked.from);
		const until = Math.min(begin + asked.bucket, asked.until);
		const inside = sorted.filter(({ at }) => at >= from && at < until);
		const good = inside.filter(({ quality }) => isGood(quality));
		const values = good.flatMap(({ value }) => (typeof value === "number" ? [value] : []));
		let goodSeconds = 0;
		let numberSeconds = 0;
		let integral = 0;
		for (let at = from; at < until; at++) {
			const holding = sorted.findLast((one) => one.at <= at);
			if (!holding || !isGood(holding.quality)) continue;
			goodSeconds++;
			if (typeof holding.value !== "number") continue;
			numberSeconds++;
			integral += holding.value;
		}
		if (inside.length === 0 && goodSeconds === 0) continue;
		starts.push(begin);
		const sum = values.reduce((total, value) => total + value, 0);
		const mean = values.length > 0 ? sum / values.length : null;
		const squares = values.reduce((total, value) => total + (value - (mean ?? 0)) ** 2, 0);
		const row: Record<AggregateName, number | null> = {
			count: inside.length,
			countGood: good.length,
			mean,
			timeWeightedMean: numberSeconds > 0 ? integral / numberSeconds : null,
			min: values.length > 0 ? Math.min(...values) : null,
			max: values.length > 0 ? Math.max(...values) : null,
			first: values[0] ?? null,
			last: values.at(-1) ?? null,
			sum: values.length > 0 ? sum : null,
			stddev: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null,
			goodDuration: goodSeconds * 1e9,
		};
		for (const name of aggregateNames) columns[name]?.push(row[name]);
	}
	return { starts, columns };
}
