import { createHash } from "node:crypto";
import { isoFromNanos, nanosFromMs } from "@millwright/core";
import type { TagCompleteness } from "../api.ts";
import type { integrityOf } from "./integrity.ts";

const iso = (ms: number): string => isoFromNanos(nanosFromMs(ms), 3);
/** A cell that a spreadsheet takes as it is: quoted, and never a formula. */
const cell = (value: string | number): string => {
	const text = String(value);
	const plain = /^[=+\-@\t\r]/.test(text) && typeof value === "string" ? `'${text}` : text;
	return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};
const line = (...cells: (string | number)[]): string => cells.map(cell).join(",");

/** What can be said today about a time, as CSV that a person reads and a program checks: the last line is the SHA-256 of all before it. */
export function statementOf(about: {
	at: number;
	by: string;
	from: number;
	until: number;
	bucketMs: number;
	connections: ReturnType<typeof integrityOf>;
	tags: readonly TagCompleteness[];
}): string {
	const { at, by, from, until, bucketMs, connections, tags } = about;
	const lines = [
		line("Statement of completeness"),
		line("issued at", iso(at)),
		line("issued by", by),
		line("from", iso(from)),
		line("until (exclusive)", iso(until)),
		"",
		line(
			"Numbers of each connection, over all time: every sample has the next number of its connection; a missing number is a sample that is not here.",
		),
		line(
			"connection",
			"first number",
			"last number",
			"stored",
			"missing",
			"missing numbers",
			"came again and dropped since start",
		),
		...connections.map(({ connection, first, last, stored, missing, holes, duplicates }) =>
			line(connection, first, last, stored, missing, holes.map((hole) => `${hole.first}-${hole.last}`).join(" "), duplicates),
		),
		"",
		line(
			`Tags over the time above: covered is the share of time with a good value; gaps are as fine as ${Math.round(bucketMs)} ms.`,
		),
		line("tag", "samples", "good samples", "covered", "gaps"),
		...tags.map(({ tag, samples, good, covered, gaps }) =>
			line(tag, samples, good, covered.toFixed(6), gaps.map((gap) => `${iso(gap.from)}/${iso(gap.until)}`).join(" ")),
		),
		"",
	];
	const text = `${lines.join("\r\n")}\r\n`;
	return `${text}${line("SHA-256", createHash("sha256").update(text).digest("hex"))}\r\n`;
}
