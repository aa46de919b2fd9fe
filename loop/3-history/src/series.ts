import { isBad, type SeriesRows } from "@millwright/core";
import type { Series } from "./api.ts";
import { msColumn } from "./ranges.ts";

/** Columns of the engine as they go to a screen. */
export function seriesFrom(
	rows: SeriesRows,
	{ tag, unit, badIsNull, newestFirst = false }: { tag: string; unit: string; badIsNull: boolean; newestFirst?: boolean },
): Series {
	const times = msColumn(rows.times);
	const quality = Array.from(rows.quality);
	const values: (number | null)[] = Array.from(rows.values, (value, i) =>
		Number.isFinite(value) && !(badIsNull && isBad(quality[i] as number)) ? value : null,
	);
	const length = times.length;
	if (newestFirst) for (const column of [times, quality, values]) column.reverse();
	const texts =
		rows.texts && rows.texts.size > 0
			? Object.fromEntries([...rows.texts].map(([row, text]) => [String(newestFirst ? length - 1 - row : row), text]))
			: undefined;
	const samples = rows.samples ?? length;
	return { tag, unit, times, values, quality, ...(texts ? { texts } : {}), reduced: samples > length, samples };
}

/** Rows with one more before them. */
export function withLeading(
	rows: SeriesRows,
	leading: { time: bigint; value: number; quality: number; text?: string },
): SeriesRows {
	const length = rows.times.length;
	const times = new BigInt64Array(length + 1);
	const values = new Float64Array(length + 1);
	const quality = new Uint8Array(length + 1);
	times[0] = leading.time;
	values[0] = leading.value;
	quality[0] = leading.quality;
	times.set(rows.times, 1);
	values.set(rows.values, 1);
	quality.set(rows.quality, 1);
	const texts = new Map([...(rows.texts ?? [])].map(([row, text]) => [row + 1, text]));
	if (leading.text !== undefined) texts.set(0, leading.text);
	return { times, values, quality, texts, samples: (rows.samples ?? length) + 1 };
}
