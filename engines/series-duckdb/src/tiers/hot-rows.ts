import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import { type DayRows, dayLength, dayNs, dayOf } from "../parquet/rows.ts";
import { ask, type Bindings, bigint, tagIn } from "../queries/ask.ts";
import { readTexts, readVector } from "../vectors.ts";

export const hourNs = 3_600_000_000_000n;
/** Whole hours (or days) since 1970, downwards; SQL's own division goes towards zero. */
export const floorDivide = (step: bigint) => `CASE WHEN time >= 0 THEN time // ${step} ELSE -((-(time + 1)) // ${step}) - 1 END`;
export const hourOf = floorDivide(hourNs);

/** How many rows of each hour lie in the table: where there are none, the table need not be asked. */
export interface HotHours {
	readonly rows: number;
	/** Rows just written. */
	add(times: BigInt64Array, rows: number): void;
	/** Rows that were moved or deleted, by hour. */
	subtract(hours: ReadonlyMap<bigint, number>): void;
	has(from: bigint, until: bigint): boolean;
	/** Extent to the hour: from the first that holds rows to the end of the last. */
	extent(): { from: bigint; until: bigint } | undefined;
}

const two32 = 4_294_967_296;

export function createHotHours(counts: ReadonlyMap<bigint, number>): HotHours {
	const hours = new Map(counts);
	let rows = [...counts.values()].reduce((sum, count) => sum + count, 0);
	return {
		get rows() {
			return rows;
		},
		add(times, count) {
			const halves = new Uint32Array(times.buffer, times.byteOffset, count * 2);
			// Most rows follow one of the same hour; comparing halves makes no bigint.
			let low = 0;
			let high = 0;
			let hour = 0n;
			let found = 0;
			let known = false;
			for (let i = 0; i < count; i++) {
				const since = ((halves[i * 2 + 1] as number) - high) * two32 + (halves[i * 2] as number) - low;
				if (known && since >= 0 && since < 3_600_000_000_000) {
					found++;
					continue;
				}
				if (found > 0) hours.set(hour, (hours.get(hour) ?? 0) + found);
				const time = times[i] as bigint;
				const start = time - (((time % hourNs) + hourNs) % hourNs);
				hour = start / hourNs;
				const unsigned = BigInt.asUintN(64, start);
				low = Number(unsigned & 0xffff_ffffn);
				high = Number(unsigned >> 32n);
				found = 1;
				known = true;
			}
			if (found > 0) hours.set(hour, (hours.get(hour) ?? 0) + found);
			rows += count;
		},
		subtract(gone) {
			for (const [hour, count] of gone) {
				const left = (hours.get(hour) ?? 0) - count;
				if (left > 0) hours.set(hour, left);
				else hours.delete(hour);
				rows -= count;
			}
		},
		has(from, until) {
			const first = from / hourNs - 1n;
			const last = until / hourNs + 1n;
			if (last - first < BigInt(hours.size)) {
				for (let hour = first; hour <= last; hour++) if (hours.has(hour)) return true;
				return false;
			}
			for (const hour of hours.keys()) if (hour >= first && hour <= last) return true;
			return false;
		},
		extent() {
			let first: bigint | undefined;
			let last: bigint | undefined;
			for (const hour of hours.keys()) {
				if (first === undefined || hour < first) first = hour;
				if (last === undefined || hour > last) last = hour;
			}
			return first === undefined || last === undefined ? undefined : { from: first * hourNs, until: (last + 1n) * hourNs };
		},
	};
}

export async function countByHour(
	connection: DuckDBConnection,
	where = "true",
	bindings: Bindings = {},
): Promise<Map<bigint, number>> {
	const hours = new Map<bigint, number>();
	await ask(connection, `SELECT ${hourOf} AS hour, count(*) FROM sample WHERE ${where} GROUP BY hour`, bindings, (chunk) => {
		for (const [hour, count] of chunk.getRows() as [bigint, bigint][]) hours.set(hour, Number(count));
	});
	return hours;
}

/** Rows by tag and day, in order. */
export type RowsByTag = Map<number, Map<bigint, DayRows>>;

/** Hot rows of some tags in [from, until). */
export async function readHot(
	connection: DuckDBConnection,
	tags: readonly number[],
	from: bigint,
	until: bigint,
): Promise<RowsByTag> {
	const { sql, bindings } = tagIn(tags);
	const collector = createDayCollector();
	await ask(
		connection,
		`SELECT tag, time, coalesce(value, 'NaN'::DOUBLE), quality, text FROM sample
		WHERE ${sql} AND time >= $from AND time < $until ORDER BY tag, time, rowid`,
		{ ...bindings, from: bigint(from), until: bigint(until) },
		(chunk) => collector.add(chunk),
	);
	return collector.take();
}

/** Chunks of (tag, time, value, quality, text), sorted by tag and time, as runs of one tag and day. */
export function createDayCollector() {
	const found: Map<number, Map<bigint, DayRows[]>> = new Map();
	return {
		add(chunk: DuckDBDataChunk): void {
			eachRun(chunk, (tag, rows) => {
				let days = found.get(tag);
				if (!days) {
					days = new Map();
					found.set(tag, days);
				}
				const runs = days.get(rows.day);
				if (runs) runs.push(rows);
				else days.set(rows.day, [rows]);
			});
		},
		take(): RowsByTag {
			return new Map([...found].map(([tag, days]) => [tag, new Map([...days].map(([day, runs]) => [day, joinRuns(runs)]))]));
		},
	};
}

/** Hands on each stretch of rows of one tag and one day. */
export function eachRun(chunk: DuckDBDataChunk, each: (tag: number, rows: DayRows) => void): void {
	const count = chunk.rowCount;
	const tags = new Uint32Array(count);
	const times = new BigInt64Array(count);
	const values = new Float64Array(count);
	const quality = new Uint8Array(count);
	const texts: [number, string][] = [];
	readVector(chunk.getColumnVector(0), tags, 0, 0);
	readVector(chunk.getColumnVector(1), times, 0, 0n);
	readVector(chunk.getColumnVector(2), values, 0, Number.NaN);
	readVector(chunk.getColumnVector(3), quality, 0, 0);
	readTexts(chunk.getColumnVector(4), 0, texts);
	const halves = new Uint32Array(times.buffer);
	let text = 0;
	for (let from = 0; from < count; ) {
		const tag = tags[from] as number;
		const day = dayOf(times[from] as bigint);
		const unsigned = BigInt.asUintN(64, day);
		const low = Number(unsigned & 0xffff_ffffn);
		const high = Number(unsigned >> 32n);
		const offsets = new Float64Array(count - from);
		let until = from;
		for (; until < count && tags[until] === tag; until++) {
			const offset = ((halves[until * 2 + 1] as number) - high) * two32 + (halves[until * 2] as number) - low;
			if (offset < 0 || offset >= dayLength) break;
			offsets[until - from] = offset;
		}
		const own = new Map<number, string>();
		for (; text < texts.length && (texts[text] as [number, string])[0] < until; text++) {
			const [row, said] = texts[text] as [number, string];
			own.set(row - from, said);
		}
		each(tag, {
			day,
			offsets: offsets.subarray(0, until - from),
			values: values.subarray(from, until),
			quality: quality.subarray(from, until),
			texts: own.size > 0 ? own : undefined,
		});
		from = until;
	}
}

/** Runs that follow one another, as one. */
function joinRuns(runs: readonly DayRows[]): DayRows {
	const [first] = runs;
	if (first && runs.length === 1) return first;
	const length = runs.reduce((sum, { offsets }) => sum + offsets.length, 0);
	const texts = new Map<number, string>();
	const joined = {
		day: first?.day ?? 0n,
		offsets: new Float64Array(length),
		values: new Float64Array(length),
		quality: new Uint8Array(length),
	};
	let at = 0;
	for (const run of runs) {
		joined.offsets.set(run.offsets, at);
		joined.values.set(run.values, at);
		joined.quality.set(run.quality, at);
		if (run.texts) for (const [row, text] of run.texts) texts.set(at + row, text);
		at += run.offsets.length;
	}
	return { ...joined, texts: texts.size > 0 ? texts : undefined };
}

export const dayNumber = floorDivide(dayNs);
