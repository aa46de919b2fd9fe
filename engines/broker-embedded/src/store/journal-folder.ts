import {
	closeSync,
	copyFileSync,
	existsSync,
	fsyncSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	truncateSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { frameHead, readFrames, sealFrame } from "./frames.ts";
import { KeptState } from "./kept-state.ts";
import { replayRecords } from "./record-decoder.ts";
import { RecordEncoder } from "./record-encoder.ts";

/** `000007.log` holds what was appended, `000007.snapshot` says everything up to and including that log. */
export const logFile = (folder: string, number: number): string => join(folder, `${String(number).padStart(6, "0")}.log`);
const snapshotFile = (folder: string, number: number): string => join(folder, `${String(number).padStart(6, "0")}.snapshot`);

/** A snapshot is written in frames of about this size. */
const snapshotFrameBytes = 1_048_576;

export interface JournalFiles {
	/** 0 where there is none. */
	snapshot: number;
	/** Logs behind the snapshot, ascending. */
	logs: number[];
	/** The number no file has used. */
	next: number;
}

export function filesIn(folder: string): JournalFiles {
	let snapshot = 0;
	const all: number[] = [];
	for (const name of existsSync(folder) ? readdirSync(folder) : []) {
		const [, digits, kind] = /^(\d{6,})\.(log|snapshot)$/.exec(name) ?? [];
		if (digits === undefined) continue;
		if (kind === "log") all.push(Number(digits));
		else snapshot = Math.max(snapshot, Number(digits));
	}
	all.sort((a, b) => a - b);
	return { snapshot, logs: all.filter((number) => number > snapshot), next: Math.max(snapshot, ...all) + 1 };
}

export interface Loaded {
	state: KeptState;
	/** Files that held something else than frames, or frames of something else than records. */
	damaged: string[];
	/** Bytes of an unfinished last write that were cut off. */
	cutBytes: number;
	snapshotBytes: number;
	/** Of the logs behind the snapshot. */
	logBytes: number;
}

/** Reads the newest snapshot and the logs behind it, up to `through`. */
export function loadJournal(folder: string, through = Number.POSITIVE_INFINITY): Loaded {
	const { snapshot, logs } = filesIn(folder);
	const loaded: Loaded = { state: new KeptState(), damaged: [], cutBytes: 0, snapshotBytes: 0, logBytes: 0 };
	const read = (file: string): { size: number; sound: number } => {
		const bytes = readFileSync(file);
		let broken = 0;
		const { soundBytes, damaged } = readFrames(bytes, (records) => {
			try {
				replayRecords(records, loaded.state);
			} catch {
				broken++;
			}
		});
		if (damaged + broken > 0) loaded.damaged.push(file);
		return { size: bytes.length, sound: soundBytes };
	};
	if (snapshot > 0) {
		const file = snapshotFile(folder, snapshot);
		const { size, sound } = read(file);
		loaded.snapshotBytes = size;
		// It got its name when it was whole.
		if (sound < size && !loaded.damaged.includes(file)) loaded.damaged.push(file);
	}
	const wanted = logs.filter((number) => number <= through);
	for (const number of wanted) {
		const file = logFile(folder, number);
		const { size, sound } = read(file);
		loaded.logBytes += size;
		if (sound === size) continue;
		// Only the log that was being written when the process ended can have an unfinished end.
		if (number === logs.at(-1)) {
			loaded.cutBytes = size - sound;
			if (Number.isFinite(through)) continue;
			truncateSync(file, sound);
		} else if (!loaded.damaged.includes(file)) loaded.damaged.push(file);
	}
	return loaded;
}

/** Writes everything anew and forgets the files it came from. A crash at any moment leaves one or the other. */
export function writeSnapshot(folder: string, state: KeptState, through: number): void {
	const file = snapshotFile(folder, through);
	const descriptor = openSync(`${file}.new`, "w", 0o600);
	try {
		const encoder = new RecordEncoder(frameHead);
		const flush = (): void => {
			const frame = sealFrame(encoder.take());
			for (let at = 0; at < frame.length; ) at += writeSync(descriptor, frame, at);
		};
		state.retell(
			new Proxy(encoder, {
				get(target, name) {
					if (target.length >= snapshotFrameBytes) flush();
					const value: unknown = Reflect.get(target, name, target);
					return typeof value === "function" ? value.bind(target) : value;
				},
			}),
		);
		flush();
		fsyncSync(descriptor);
	} finally {
		closeSync(descriptor);
	}
	renameSync(`${file}.new`, file);
	syncFolder(folder);
	forgetBefore(folder, through);
}

/** Removes what a snapshot has made superfluous, and snapshots that were never finished. */
export function forgetBefore(folder: string, through: number): void {
	for (const name of readdirSync(folder)) {
		const [, digits, kind] = /^(\d{6,})\.(log|snapshot|snapshot\.new)$/.exec(name) ?? [];
		if (digits === undefined) continue;
		const number = Number(digits);
		if (kind === "log" ? number <= through : kind === "snapshot" ? number < through : true)
			rmSync(join(folder, name), { force: true });
	}
}

export function prepareFolder(folder: string): void {
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	for (const name of readdirSync(folder)) if (name.endsWith(".snapshot.new")) rmSync(join(folder, name), { force: true });
}

/** Damaged files stay for whoever wants to look; returns their new names. */
export function setAside(files: readonly string[], nowMs: number): string[] {
	const stamp = new Date(nowMs).toISOString().replaceAll(/[:.]/g, "-");
	return files.map((file) => {
		const aside = `${file}.damaged-${stamp}`;
		copyFileSync(file, aside);
		return aside;
	});
}

export function syncFolder(folder: string): void {
	const descriptor = openSync(folder, "r");
	try {
		fsyncSync(descriptor);
	} finally {
		closeSync(descriptor);
	}
}
