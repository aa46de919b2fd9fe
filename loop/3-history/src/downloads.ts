import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Download, isoFromNanos, MillwrightError, nanosFromMs, type SeriesEngine } from "@millwright/core";
import type { History } from "./api.ts";
import { rangeFrom } from "./ranges.ts";
import type { Tags } from "./tags.ts";

const atOnce = 2;
const mostRows = 50_000_000;
/** A file nobody begins to fetch is deleted after so long. */
const patienceMs = 5 * 60_000;
const piece = 256 * 1024;
const mediaTypes = { csv: "text/csv; charset=utf-8", parquet: "application/vnd.apache.parquet" };

/** Files of samples: written to a folder of their own, streamed, deleted. A few at a time. */
export function createDownloads({
	engine,
	tags,
	clock,
	folder,
	topicOf,
}: {
	engine: SeriesEngine;
	tags: Tags;
	clock: Clock;
	folder: string;
	topicOf(tag: string): string;
}): { export: History["export"]; clear(): Promise<void> } {
	let busy = 0;

	const streamOf = async function* (file: string, finished: () => Promise<void>, begun: () => void): AsyncGenerator<Uint8Array> {
		begun();
		try {
			const handle = await open(file, "r");
			try {
				for (;;) {
					const { bytesRead, buffer } = await handle.read(new Uint8Array(piece), 0, piece);
					if (bytesRead === 0) return;
					yield buffer.subarray(0, bytesRead);
				}
			} finally {
				await handle.close();
			}
		} finally {
			await finished();
		}
	};

	return {
		async export({ tags: names, from, until, format }, call): Promise<Download> {
			const asked = tags.idsOf(names, call).map(({ name, id }) => ({ id, topic: topicOf(name) }));
			const range = rangeFrom({ from, until });
			if (busy >= atOnce)
				throw new MillwrightError("history.exports-busy", `${busy} exports are under way`, {
					kind: "busy",
					hint: "Wait until one of them has been fetched.",
				});
			busy++;
			const file = join(folder, `export-${randomBytes(8).toString("hex")}.${format}`);
			let over = false;
			const finished = async () => {
				if (over) return;
				over = true;
				busy--;
				await rm(file, { force: true });
			};
			try {
				await mkdir(folder, { recursive: true });
				await checkSize(asked, range, call?.signal);
				await engine.export({ tags: asked, range, format, file, signal: call?.signal });
			} catch (thrown) {
				await finished();
				throw thrown;
			}
			const unclaimed = clock.after(patienceMs, () => void finished());
			return {
				fileName: `samples ${isoFromNanos(nanosFromMs(from), 0)} to ${isoFromNanos(nanosFromMs(until), 0)}.${format}`.replaceAll(
					":",
					"",
				),
				mediaType: mediaTypes[format],
				body: streamOf(file, finished, () => unclaimed.cancel()),
			};
		},
		/** What a former run left behind. */
		async clear() {
			await mkdir(folder, { recursive: true });
			for (const name of await readdir(folder))
				if (/^export-[0-9a-f]{16}\.(csv|parquet)$/.test(name)) await rm(join(folder, name), { force: true });
		},
	};

	async function checkSize(asked: readonly { id: number }[], range: { from: bigint; until: bigint }, signal?: AbortSignal) {
		const counts = await engine.aggregate({
			tags: asked.map(({ id }) => id),
			range,
			// One bucket, or two where it lies across a border.
			bucket: range.until - range.from,
			functions: ["count"],
			signal,
		});
		const rows = [...counts.values()].reduce((sum, { columns }) => sum + (columns.count?.reduce((a, b) => a + b, 0) ?? 0), 0);
		if (rows <= mostRows) return;
		throw new MillwrightError("history.export-too-large", `${rows} samples are more than one file should hold`, {
			kind: "input",
			hint: `Export a shorter range or fewer tags: at most ${mostRows} samples.`,
		});
	}
}
