import type { DayRows } from "../parquet/rows.ts";
import type { RowsAnswer } from "../protocol.ts";

/** Collects rows into columns that grow by doubling. */
export function createRowsCollector() {
	let times = new BigInt64Array(256);
	let values = new Float64Array(256);
	let quality = new Uint8Array(256);
	const texts: [number, string][] = [];
	let rows = 0;

	const grow = (wanted: number) => {
		if (wanted <= times.length) return;
		const capacity = Math.max(wanted, times.length * 2);
		const wider = { times: new BigInt64Array(capacity), values: new Float64Array(capacity), quality: new Uint8Array(capacity) };
		wider.times.set(times);
		wider.values.set(values);
		wider.quality.set(quality);
		({ times, values, quality } = wider);
	};

	return {
		get rows() {
			return rows;
		},
		add(run: DayRows) {
			const count = run.offsets.length;
			grow(rows + count);
			writeTimes(run, times, rows);
			values.set(run.values, rows);
			quality.set(run.quality, rows);
			if (run.texts) for (const [row, text] of run.texts) texts.push([rows + row, text]);
			rows += count;
		},
		push(row: Row) {
			grow(rows + 1);
			times[rows] = row.time;
			values[rows] = row.value;
			quality[rows] = row.quality;
			if (row.text !== undefined) texts.push([rows, row.text]);
			rows++;
		},
		take(tag: number, samples: number): RowsAnswer {
			return {
				tag,
				times: times.slice(0, rows),
				values: values.slice(0, rows),
				quality: quality.slice(0, rows),
				texts,
				samples,
			};
		},
	};
}
export type RowsCollector = ReturnType<typeof createRowsCollector>;

const two32 = 4_294_967_296;

/** Whole times of a run, written as halves: a bigint a row would cost more than all the rest. */
export function writeTimes({ day, offsets }: DayRows, into: BigInt64Array, at: number): void {
	const halves = new Uint32Array(into.buffer, into.byteOffset, into.length * 2);
	const unsigned = BigInt.asUintN(64, day);
	const low = Number(unsigned & 0xffff_ffffn);
	const high = Number(unsigned >> 32n);
	for (let i = 0; i < offsets.length; i++) {
		const offset = offsets[i] as number;
		const over = Math.floor(offset / two32);
		const sum = low + (offset - over * two32);
		halves[(at + i) * 2] = sum;
		halves[(at + i) * 2 + 1] = high + over + (sum >= two32 ? 1 : 0);
	}
}

export interface Row {
	time: bigint;
	value: number;
	quality: number;
	text: string | undefined;
}

export const rowIn = ({ day, offsets, values, quality, texts }: DayRows, row: number): Row => ({
	time: day + BigInt(offsets[row] as number),
	value: values[row] as number,
	quality: quality[row] as number,
	text: texts?.get(row),
});
