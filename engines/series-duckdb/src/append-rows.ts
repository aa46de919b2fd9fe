import { BIGINT, DOUBLE, type DuckDBAppender, UINTEGER, UTINYINT, VARCHAR } from "@duckdb/node-api";
import { columnsOf, type PackedRows } from "./protocol.ts";
import { emptyChunk, fillVector, rowsPerChunk } from "./vectors.ts";

const sampleTypes = [UINTEGER, BIGINT, DOUBLE, UTINYINT, VARCHAR];

/** Appends packs to a table of (tag, time, value, quality, text), whole columns at once. */
export function createRowAppender(appender: DuckDBAppender): (pack: PackedRows) => void {
	// Reused for rows without text and without missing values: the text column is set to NULL once and stays so.
	const plain = emptyChunk(sampleTypes, rowsPerChunk);
	plain.setColumnValues(4, new Array<null>(rowsPerChunk).fill(null));
	return (pack) => {
		const { times, values, tags, quality } = columnsOf(pack.buffer, pack.capacity);
		let text = 0;
		for (let from = 0; from < pack.rows; from += rowsPerChunk) {
			const until = Math.min(from + rowsPerChunk, pack.rows);
			const count = until - from;
			const firstText = text;
			while (text < pack.texts.length && (pack.texts[text] as [number, string])[0] < until) text++;
			const numbers = values.subarray(from, until);
			const isPlain = text === firstText && !numbers.some(Number.isNaN);
			const chunk = isPlain ? plain : emptyChunk(sampleTypes, count);
			if (chunk.rowCount !== count) chunk.rowCount = count;
			fillVector(chunk.getColumnVector(0), tags.subarray(from, until));
			fillVector(chunk.getColumnVector(1), times.subarray(from, until));
			fillVector(chunk.getColumnVector(3), quality.subarray(from, until));
			if (isPlain) fillVector(chunk.getColumnVector(2), numbers);
			else {
				chunk.setColumnValues(
					2,
					Array.from(numbers, (value) => (Number.isNaN(value) ? null : value)),
				);
				const texts = new Array<string | null>(count).fill(null);
				for (let i = firstText; i < text; i++) {
					const [row, said] = pack.texts[i] as [number, string];
					texts[row - from] = said;
				}
				chunk.setColumnValues(4, texts);
			}
			appender.appendDataChunk(chunk);
		}
	};
}
