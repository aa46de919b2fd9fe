import type { ImportPlan } from "../api.ts";

const named = (columns: readonly { name: string }[], pattern: RegExp): string | undefined =>
	columns.find(({ name }) => pattern.test(name.trim()))?.name;

/** How a table is probably to be read, for a person to look over. */
export function guessPlan(
	table: {
		file: string;
		format: "csv" | "parquet";
		columns: readonly { name: string; type: string }[];
		rows: readonly (readonly (string | null)[])[];
		delimiter: string | undefined;
	},
	/** The tag of a name or topic that is known here. */
	tagOf: (name: string) => string | undefined,
): ImportPlan {
	const { columns, rows } = table;
	const cells = (name: string | undefined): string[] => {
		const at = columns.findIndex((column) => column.name === name);
		return rows.flatMap((row) => (row[at] ? [row[at]] : []));
	};
	const time =
		named(columns, /^(time|timestamp|date|datetime|t|ts|zeit|fecha|hora)$/i) ??
		named(columns, /time|date|stamp/i) ??
		columns[0]?.name ??
		"";
	const tag = named(columns, /^(tag|tagname|tag_name|topic|name|point|signal|sensor|variable|item)$/i);
	const value = named(columns, /^(value|val|v|wert|valor|y)$/i);
	const quality = named(columns, /^(quality|qual|status|q)$/i);
	const long = tag !== undefined && value !== undefined;
	const common = {
		file: table.file,
		format: table.format,
		time: { column: time, form: formOf(cells(time)), zone: "UTC" },
		...(table.format === "csv" && table.delimiter ? { delimiter: table.delimiter } : {}),
		decimal: decimalOf(long ? cells(value) : columns.flatMap(({ name }) => (name === time ? [] : cells(name)))),
	};
	if (long) {
		const sample = cells(tag).find((name) => tagOf(name) !== undefined);
		const known = sample === undefined ? undefined : tagOf(sample);
		return {
			...common,
			shape: "long",
			tag: { column: tag },
			value: { column: value },
			...(quality ? { quality: { column: quality } } : {}),
			names: {},
			only: false,
			prefix: sample !== undefined && known !== undefined ? sample.slice(0, sample.length - known.length) : "",
		};
	}
	return {
		...common,
		shape: "wide",
		names: Object.fromEntries(
			columns.flatMap(({ name }) => {
				const known = name === time ? undefined : tagOf(name.trim());
				return known === undefined ? [] : [[name, known]];
			}),
		),
		only: true,
		prefix: "",
	};
}

function formOf(cells: readonly string[]): string {
	const numbers = cells.filter((cell) => /^\s*\d+(\.\d+)?\s*$/.test(cell)).map(Number);
	if (cells.length === 0 || numbers.length < cells.length) return patternOf(cells[0]) ?? "iso";
	const size = Math.max(...numbers);
	if (size < 1e11) return "s";
	if (size < 1e14) return "ms";
	return size < 1e17 ? "us" : "ns";
}

function patternOf(cell: string | undefined): string | undefined {
	const patterns: [RegExp, string][] = [
		[/^\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}:\d{2}$/, "%d.%m.%Y %H:%M:%S"],
		[/^\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}$/, "%d.%m.%Y %H:%M"],
		[/^\d{1,2}\/\d{1,2}\/\d{4} \d{1,2}:\d{2}:\d{2}$/, "%d/%m/%Y %H:%M:%S"],
		[/^\d{1,2}\/\d{1,2}\/\d{4} \d{1,2}:\d{2}:\d{2} [AP]M$/i, "%m/%d/%Y %I:%M:%S %p"],
	];
	return patterns.find(([shape]) => shape.test(cell ?? ""))?.[1];
}

const decimalOf = (cells: readonly string[]): "." | "," =>
	cells.some((cell) => /^\s*[+-]?\d{1,3}(\.\d{3})*,\d+\s*$/.test(cell)) &&
	!cells.some((cell) => /^\s*[+-]?\d+\.\d+\s*$/.test(cell))
		? ","
		: ".";
