import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { isoFromNanos, MillwrightError, qualityName, type TimeRange } from "@millwright/core";
import { doubleAt, int16At, int64At, textAt } from "../copy-format.ts";
import type { Ask } from "../readers.ts";
import { givenText } from "../stored-text.ts";
import { rowsOf } from "./source.ts";

interface ExportQuery {
	tags: readonly { id: number; topic: string }[];
	range: TimeRange;
	format: "csv" | "parquet";
	file: string;
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text);
/** As the other engine writes them: a fraction shows that it is a measured number. */
const written = (value: number): string =>
	Number.isNaN(value) ? "" : Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : `${value}`;

/** Rows by topic and time, with ISO 8601 to the nanosecond; bytes go to the file as they come. */
export async function askExport(ask: Ask, { tags, range, format, file }: ExportQuery): Promise<{ rows: number }> {
	if (format === "parquet")
		throw new MillwrightError("series.parquet-unavailable", "The PostgreSQL history writes no Parquet", {
			kind: "input",
			hint: "Export as CSV.",
		});
	const out = createWriteStream(file);
	await once(out, "open");
	let rows = 0;
	let lines = ["tag,time,value,text,quality\n"];
	const failed: unknown[] = [];
	out.on("error", (error) => failed.push(error));
	const flush = () => {
		out.write(lines.join(""));
		lines = [];
	};
	try {
		for (const { id, topic } of [...tags].sort((a, b) => (a.topic < b.topic ? -1 : 1))) {
			const name = quoted(topic);
			await ask(
				`SELECT time, value, quality, text FROM ${rowsOf([id], range)} r ORDER BY time, arrival`,
				4,
				(fields) => {
					const said = textAt(fields, 3);
					lines.push(
						`${name},${isoFromNanos(int64At(fields, 0), 9)},${written(doubleAt(fields, 1))},${said === undefined ? "" : quoted(givenText(said))},${qualityName(int16At(fields, 2))}\n`,
					);
					rows++;
					if (lines.length < 2000) return;
					flush();
				},
				// The server waits while the disk is slow.
				async () => {
					if (failed.length > 0) throw failed[0];
					if (out.writableNeedDrain) await once(out, "drain");
				},
			);
		}
		flush();
		out.end();
		await once(out, "close");
		if (failed.length > 0) throw failed[0];
		return { rows };
	} catch (thrown) {
		out.destroy();
		throw thrown;
	}
}
