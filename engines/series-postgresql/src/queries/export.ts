import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { isoFromNanos, qualityName, type TimeRange } from "@millwright/core";
import { doubleAt, int16At, int64At, textAt } from "../copy-format.ts";
import { createParquetWriter, type ParquetRow } from "../parquet/parquet.ts";
import type { Ask } from "../readers.ts";
import { givenText } from "../stored-text.ts";
import { rowsOf } from "./source.ts";

interface ExportQuery {
	tags: readonly { id: number; topic: string }[];
	range: TimeRange;
	format: "csv" | "parquet";
	file: string;
}

/** Takes rows and hands out what is ready to be written. */
interface Form {
	add(row: ParquetRow): void;
	take(): (string | Buffer)[];
	end(): (string | Buffer)[];
}

/** Rows by topic and time, with time to the nanosecond; bytes go to the file as they come. */
export async function askExport(ask: Ask, { tags, range, format, file }: ExportQuery): Promise<{ rows: number }> {
	const form: Form = format === "csv" ? createCsvWriter() : createParquetWriter();
	const out = createWriteStream(file);
	await once(out, "open");
	const failed: unknown[] = [];
	out.on("error", (error) => failed.push(error));
	const write = async (pieces: (string | Buffer)[]) => {
		for (const piece of pieces) out.write(piece);
		if (failed.length > 0) throw failed[0];
		if (out.writableNeedDrain) await once(out, "drain");
	};
	let rows = 0;
	try {
		for (const { id, topic } of [...tags].sort((a, b) => (a.topic < b.topic ? -1 : 1)))
			await ask(
				`SELECT time, value, quality, text FROM ${rowsOf([id], range)} r ORDER BY time, arrival`,
				4,
				(fields) => {
					const said = textAt(fields, 3);
					rows++;
					form.add({
						tag: topic,
						time: int64At(fields, 0),
						value: doubleAt(fields, 1),
						text: said === undefined ? undefined : givenText(said),
						quality: qualityName(int16At(fields, 2)),
					});
				},
				// The server waits while the disk is slow.
				() => write(form.take()),
			);
		await write(form.end());
		out.end();
		await once(out, "close");
		if (failed.length > 0) throw failed[0];
		return { rows };
	} catch (thrown) {
		out.destroy();
		throw thrown;
	}
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text);
/** As the other engine writes them: a fraction shows that it is a measured number. */
const written = (value: number): string =>
	Number.isNaN(value) ? "" : Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : `${value}`;

function createCsvWriter(): Form {
	let lines = ["tag,time,value,text,quality\n"];
	const take = () => {
		const ready = [lines.join("")];
		lines = [];
		return ready;
	};
	return {
		add: ({ tag, time, value, text, quality }) =>
			void lines.push(
				`${quoted(tag)},${isoFromNanos(time, 9)},${written(value)},${text === undefined ? "" : quoted(text)},${quality}\n`,
			),
		take,
		end: take,
	};
}
