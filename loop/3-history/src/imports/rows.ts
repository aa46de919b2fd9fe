import type { BroughtRows } from "@millwright/core";
import { qualityFrom } from "./plan.ts";
import type { TablePiece } from "./table-reader.ts";

/** The rows whose names became tags. */
export function rowsFrom(piece: TablePiece, ids: readonly (number | undefined)[]): BroughtRows {
	const { name } = piece;
	const { length } = name;
	const tags = new Uint32Array(length);
	const times = new BigInt64Array(length);
	const values = new Float64Array(length);
	const quality = new Uint8Array(length);
	const said = new Map(piece.texts);
	const texts = new Map<number, string>();
	let filled = 0;
	for (let row = 0; row < length; row++) {
		const tag = ids[name[row] as number];
		if (tag === undefined) continue;
		tags[filled] = tag;
		times[filled] = piece.times[row] as bigint;
		values[filled] = piece.values[row] as number;
		if (piece.quality) quality[filled] = qualityFrom(piece.quality[row] ?? null);
		const text = said.get(row);
		if (text !== undefined) texts.set(filled, text);
		filled++;
	}
	return {
		tags: tags.subarray(0, filled),
		times: times.subarray(0, filled),
		values: values.subarray(0, filled),
		quality: quality.subarray(0, filled),
		texts,
	};
}
