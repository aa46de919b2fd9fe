import type { TableChunk, TableQuery } from "./protocol.ts";
import { createTimeReader } from "./times.ts";

const mostProblems = 20;
const truths: Record<string, number> = { true: 1, false: 0, on: 1, off: 0, yes: 1, no: 0 };
const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const longestText = 4000;

/** Columns of text as a file has them, to samples. Keeps count of names and rows from chunk to chunk. */
export function createConverter(query: TableQuery): (columns: (string | null)[][], rows: number) => TableChunk {
	const timeOf = createTimeReader(query.time);
	const known = new Map<string, number>();
	let before = 0;

	return (columns, rows) => {
		const width = query.shape === "long" ? 1 : columns.length - 1;
		const most = rows * width;
		const name = new Uint32Array(most);
		const times = new BigInt64Array(most);
		const values = new Float64Array(most);
		const quality: (string | null)[] | undefined = query.quality === undefined ? undefined : [];
		const texts: [number, string][] = [];
		const newNames: string[] = [];
		const problems: TableChunk["problems"] = [];
		let refused = 0;
		let filled = 0;

		const refuse = (row: number, code: string, message: string): void => {
			refused++;
			if (problems.length < mostProblems) problems.push({ row: before + row + 1, code, message });
		};
		const indexOf = (text: string): number => {
			let index = known.get(text);
			if (index === undefined) {
				index = known.size;
				known.set(text, index);
				newNames.push(text);
			}
			return index;
		};
		const put = (index: number, time: bigint, cell: string | null): void => {
			const value = valueFrom(cell, query.decimal);
			name[filled] = index;
			times[filled] = time;
			values[filled] = typeof value === "number" ? value : Number.NaN;
			if (typeof value === "string") texts.push([filled, value]);
			filled++;
		};

		for (let row = 0; row < rows; row++) {
			const said = columns[0]?.[row] ?? null;
			const time = said === null ? undefined : timeOf(said);
			if (time === undefined) {
				refuse(
					row,
					"history.import-time-unreadable",
					said === null ? "No time" : `"${said.slice(0, 60)}" is no time of this form`,
				);
				continue;
			}
			if (query.shape === "long") {
				const tag = columns[1]?.[row] ?? "";
				if (tag === "" || tag === null) {
					refuse(row, "history.import-tag-missing", "No tag");
					continue;
				}
				put(indexOf(tag), time, columns[2]?.[row] ?? null);
				quality?.push(columns[3]?.[row] ?? null);
			} else
				for (let at = 1; at <= width; at++) {
					const cell = columns[at]?.[row] ?? null;
					// An empty cell of a wide table means that nothing was recorded then.
					if (cell === null || cell === "") continue;
					put(indexOf(query.columns?.[at - 1] as string), time, cell);
				}
		}
		before += rows;
		return {
			newNames,
			name: name.slice(0, filled),
			times: times.slice(0, filled),
			values: values.slice(0, filled),
			quality,
			texts,
			fileRows: rows,
			refused,
			problems,
		};
	};
}

/** A number, a truth as 1 or 0, else the text itself; null for an empty cell. */
function valueFrom(cell: string | null, decimal: "." | ","): number | string | null {
	if (cell === null) return null;
	const text = cell.trim();
	if (text === "" || /^(nan|null|n\/a|#n\/a)$/i.test(text)) return null;
	const plain = decimal === "," ? text.replaceAll(".", "").replace(",", ".") : text;
	if (numberPattern.test(plain)) {
		const number = Number(plain);
		if (Number.isFinite(number)) return number;
	}
	return truths[text.toLowerCase()] ?? text.slice(0, longestText);
}
