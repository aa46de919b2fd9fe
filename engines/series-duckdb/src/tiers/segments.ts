import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type Block, DamagedSegment, openSegment, type SegmentReader } from "../parquet/segment-reader.ts";

/** A file with rows of one day. Warm files were written during the day, cold ones when it was over. */
export interface Segment {
	/** Below the history folder. */
	file: string;
	/** Midnight UTC. */
	day: bigint;
	tier: "warm" | "cold" | "brought";
	/** Id of what was brought in; "" otherwise. */
	piece: string;
	/** Order of arrival among the segments of a day; what was brought in comes before all others. */
	place: number;
	rows: number;
	bytes: number;
	oldest: bigint;
	newest: bigint;
	firstTag: number;
	lastTag: number;
	texts: boolean;
	/** Its file could not be read and was set aside; the row stays, so that it is known what is missing. */
	damaged: boolean;
}

/** The tables of a history, here or in a copy. */
export const tables = {
	sample: (of = "") =>
		`CREATE TABLE IF NOT EXISTS ${of}sample (tag UINTEGER NOT NULL, time BIGINT NOT NULL, value DOUBLE, quality UTINYINT NOT NULL, text VARCHAR)`,
	progress: (of = "") =>
		`CREATE TABLE IF NOT EXISTS ${of}progress (connection VARCHAR NOT NULL, "first" BIGINT NOT NULL, "last" BIGINT NOT NULL)`,
	segment: (
		of = "",
	) => `CREATE TABLE IF NOT EXISTS ${of}segment (file VARCHAR NOT NULL, day BIGINT NOT NULL, tier VARCHAR NOT NULL,
		piece VARCHAR NOT NULL, place BIGINT NOT NULL, "rows" BIGINT NOT NULL, bytes BIGINT NOT NULL, oldest BIGINT NOT NULL,
		newest BIGINT NOT NULL, first_tag BIGINT NOT NULL, last_tag BIGINT NOT NULL, texts BOOLEAN NOT NULL, damaged BOOLEAN NOT NULL)`,
};

/** What a question sees from beginning to end; files stay until it is given back. */
export interface Lease {
	/** Days that hold rows in files, ascending. */
	readonly days: readonly bigint[];
	/** In order of arrival. */
	on(day: bigint): readonly Segment[];
	readonly all: readonly Segment[];
	release(): void;
}

export interface Segments {
	readonly all: readonly Segment[];
	readonly damaged: readonly Segment[];
	lease(): Lease;
	/** A block, from memory where it was read lately. Throws DamagedSegment. */
	read(segment: Segment, block: number): Block;
	reader(segment: Segment): SegmentReader;
	path(file: string): string;
	/** A name no file had before. */
	newFile(day: bigint, tier: string): { file: string; place: number };
	/** In memory, after the table was changed; files that went are deleted when nobody reads them any more. */
	replace(gone: readonly Segment[], come: readonly Segment[]): void;
	/** The change is in the database file itself, not only in its log. */
	settle(): void;
	/** From now on no file is deleted: a commit ended in doubt, and the next opening knows what counts. */
	keepAll(): void;
	/** Files that were written for nothing. */
	discard(written: readonly Segment[]): void;
	/** Moves the file of a damaged segment aside and leaves it out from now on. */
	setAside(segment: Segment): string;
	/** Deletes files that nobody knows (left by a kill), or moves them aside where the table may have forgotten them. */
	sweep(options: { keep: boolean }): string[];
	close(): void;
}

/** Whatever else somebody puts into the folder is not ours to delete. */
const isOurs = /^(warm|cold|brought)-\d{8,}\.parquet$/;

const mostReaders = 256;
const indexBytes = 16 << 20;
const blockBytes = 16 << 20;

export function createSegments({ folder, known }: { folder: string; known: readonly Segment[] }): Segments {
	let all = known.filter(({ damaged }) => !damaged);
	let damaged = known.filter((segment) => segment.damaged);
	let byDay = groupByDay(all);
	let place = known.reduce((most, segment) => Math.max(most, segment.place), 0);
	const readers = new Map<string, SegmentReader>();
	let readerMemory = 0;
	const blocks = new Map<string, Block>();
	let blockMemory = 0;
	let keepsAll = false;
	const leases = new Set<object>();
	let retired: { file: string; readBy: Set<object>; settled: boolean }[] = [];

	const forgetFile = (file: string) => {
		const reader = readers.get(file);
		if (reader) {
			readers.delete(file);
			readerMemory -= reader.memory;
			reader.close();
		}
		for (const [key, block] of blocks)
			if (key.startsWith(`${file} `)) {
				blocks.delete(key);
				blockMemory -= block.bytes;
			}
	};
	const deleteUnread = () => {
		retired = retired.filter(({ file, readBy, settled }) => {
			if (readBy.size > 0 || !settled || keepsAll) return true;
			forgetFile(file);
			rmSync(join(folder, file), { force: true });
			return false;
		});
	};

	const segments: Segments = {
		get all() {
			return all;
		},
		get damaged() {
			return damaged;
		},
		lease() {
			const mine = byDay;
			const held = {};
			leases.add(held);
			return {
				days: mine.days,
				on: (day) => mine.segments.get(day) ?? [],
				all,
				release() {
					leases.delete(held);
					for (const { readBy } of retired) readBy.delete(held);
					deleteUnread();
				},
			};
		},
		path: (file) => join(folder, file),
		reader({ file }) {
			let reader = readers.get(file);
			if (reader) {
				readers.delete(file);
				readers.set(file, reader);
				return reader;
			}
			try {
				reader = openSegment(join(folder, file));
			} catch (thrown) {
				if (thrown instanceof DamagedSegment) throw thrown;
				// A file that is not there is as damaged as one can be; anything else is the machine's trouble.
				if ((thrown as NodeJS.ErrnoException).code === "ENOENT") throw new DamagedSegment(join(folder, file), thrown);
				throw thrown;
			}
			readers.set(file, reader);
			readerMemory += reader.memory;
			for (const [oldest, old] of readers) {
				if (readers.size <= mostReaders && readerMemory <= indexBytes) break;
				if (old === reader) break;
				readers.delete(oldest);
				readerMemory -= old.memory;
				old.close();
			}
			return reader;
		},
		read(segment, number) {
			const key = `${segment.file} ${number}`;
			let block = blocks.get(key);
			if (block) {
				blocks.delete(key);
				blocks.set(key, block);
				return block;
			}
			block = segments.reader(segment).read(number);
			blocks.set(key, block);
			blockMemory += block.bytes;
			for (const [oldest, old] of blocks) {
				if (blockMemory <= blockBytes || old === block) break;
				blocks.delete(oldest);
				blockMemory -= old.bytes;
			}
			return block;
		},
		newFile(day, tier) {
			place++;
			const date = new Date(Number(day / 1_000_000n)).toISOString().slice(0, 10);
			return { file: join(date, `${tier}-${String(place).padStart(8, "0")}.parquet`), place };
		},
		replace(gone, come) {
			const files = new Set(gone.map(({ file }) => file));
			const staying = new Set(come.map(({ file }) => file));
			all = [...all.filter(({ file }) => !files.has(file)), ...come];
			damaged = damaged.filter(({ file }) => !files.has(file));
			byDay = groupByDay(all);
			for (const file of files) if (!staying.has(file)) retired.push({ file, readBy: new Set(leases), settled: false });
		},
		settle() {
			for (const one of retired) one.settled = true;
			deleteUnread();
		},
		keepAll() {
			keepsAll = true;
		},
		discard(written) {
			if (!keepsAll) for (const { file } of written) rmSync(join(folder, file), { force: true });
		},
		setAside(segment) {
			forgetFile(segment.file);
			const from = join(folder, segment.file);
			const to = `${from}.damaged`;
			if (existsSync(from)) renameSync(from, to);
			all = all.filter(({ file }) => file !== segment.file);
			damaged = [...damaged, { ...segment, damaged: true }];
			byDay = groupByDay(all);
			return to;
		},
		sweep({ keep }) {
			const live = new Set(all.map(({ file }) => file));
			const swept: string[] = [];
			if (!existsSync(folder)) return swept;
			for (const date of readdirSync(folder, { withFileTypes: true })) {
				if (!date.isDirectory()) continue;
				for (const name of readdirSync(join(folder, date.name))) {
					const file = join(date.name, name);
					if (!isOurs.test(name) || live.has(file)) continue;
					// Its number is not given again, so that a file of that name is never taken for another.
					place = Math.max(place, Number.parseInt(/-(\d+)\.parquet$/.exec(name)?.[1] ?? "0", 10));
					if (keep) renameSync(join(folder, file), join(folder, `${file}.unclaimed`));
					else rmSync(join(folder, file), { force: true });
					swept.push(file);
				}
			}
			return swept;
		},
		close() {
			for (const reader of readers.values()) reader.close();
			readers.clear();
			blocks.clear();
		},
	};
	return segments;
}

function groupByDay(all: readonly Segment[]) {
	const segments = new Map<bigint, Segment[]>();
	for (const segment of all) {
		const on = segments.get(segment.day);
		if (on) on.push(segment);
		else segments.set(segment.day, [segment]);
	}
	for (const on of segments.values()) on.sort(byArrival);
	return { segments, days: [...segments.keys()].sort((a, b) => (a < b ? -1 : 1)) };
}

const byArrival = (a: Segment, b: Segment) => Number(a.tier !== "brought") - Number(b.tier !== "brought") || a.place - b.place;

export async function readSegments(connection: DuckDBConnection): Promise<Segment[]> {
	const reader = await connection.runAndReadAll(
		'SELECT file, day, tier, piece, place, "rows", bytes, oldest, newest, first_tag, last_tag, texts, damaged FROM segment',
	);
	return (
		reader.getRows() as [
			string,
			bigint,
			Segment["tier"],
			string,
			bigint,
			bigint,
			bigint,
			bigint,
			bigint,
			bigint,
			bigint,
			boolean,
			boolean,
		][]
	).map(([file, day, tier, piece, place, rows, bytes, oldest, newest, firstTag, lastTag, texts, damaged]) => ({
		file,
		day,
		tier,
		piece,
		place: Number(place),
		rows: Number(rows),
		bytes: Number(bytes),
		oldest,
		newest,
		firstTag: Number(firstTag),
		lastTag: Number(lastTag),
		texts,
		damaged,
	}));
}

/** Inside a transaction of the caller's. */
export async function writeSegments(
	connection: DuckDBConnection,
	gone: readonly Segment[],
	come: readonly Segment[],
): Promise<void> {
	for (const { file } of gone) await connection.run("DELETE FROM segment WHERE file = $file", { file });
	for (const { place, rows, bytes, firstTag, lastTag, ...segment } of come)
		await connection.run(
			"INSERT INTO segment VALUES ($file, $day, $tier, $piece, $place, $rows, $bytes, $oldest, $newest, $firstTag, $lastTag, $texts, $damaged)",
			{
				...segment,
				place: BigInt(place),
				rows: BigInt(rows),
				bytes: BigInt(bytes),
				firstTag: BigInt(firstTag),
				lastTag: BigInt(lastTag),
			},
		);
}

/**
 * The files of a database that is lost, by what they say of themselves. A file that another one replaced is left out:
 * both hold the same rows.
 */
export async function adoptSegments(connection: DuckDBConnection, folder: string): Promise<void> {
	const found: { segment: Segment; replaces: string[] }[] = [];
	for (const date of existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [])
		for (const name of date.isDirectory() ? readdirSync(join(folder, date.name)) : []) {
			const file = join(date.name, name);
			if (!isOurs.test(name)) continue;
			try {
				const reader = openSegment(join(folder, file));
				found.push(describeFile(file, reader, statSync(join(folder, file)).size));
				reader.close();
			} catch {
				// What is no file of ours, or damaged, stays where it is under another name: sweeping sees to it.
			}
		}
	const replaced = new Set(found.flatMap(({ replaces }) => replaces));
	await connection.run("BEGIN");
	await writeSegments(
		connection,
		[],
		found.map(({ segment }) => segment).filter(({ file }) => !replaced.has(file)),
	);
	await connection.run("COMMIT");
}

function describeFile(file: string, { head, index }: SegmentReader, bytes: number): { segment: Segment; replaces: string[] } {
	const day = BigInt(head.day);
	const { tier, piece, place, replaces } = head.about as Pick<Segment, "tier" | "piece" | "place"> & { replaces: string[] };
	let oldest = Number.POSITIVE_INFINITY;
	let newest = Number.NEGATIVE_INFINITY;
	for (let block = 0; block < index.length; block++) {
		oldest = Math.min(oldest, index.least(block));
		newest = Math.max(newest, index.greatest(block));
	}
	return {
		replaces,
		segment: {
			file,
			day,
			tier,
			piece,
			place,
			rows: head.rows,
			bytes,
			oldest: day + BigInt(oldest),
			newest: day + BigInt(newest),
			firstTag: index.firstTag(0),
			lastTag: index.lastTag(index.length - 1),
			texts: head.columns > 4,
			damaged: false,
		},
	};
}
