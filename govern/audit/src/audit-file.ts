import { type FileHandle, mkdir, open, stat, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { type Log, MillwrightError } from "@millwright/core";
import { type AuditFacts, type Head, link, noEntry } from "./chain.ts";
import { bytesAt, readTail, setAside } from "./tail.ts";

/** The append-only file of JSON lines. Entries asked for while one sync runs share the next. */
export interface AuditFile {
	/** Finds the end; a torn last line is set aside. `lastKnown` stands in for a last line that cannot be read. */
	open(lastKnown: Head | undefined): Promise<{ tornBytes: number; aside: string; inFile: Head }>;
	/** Resolves when the entry is on the disk. */
	append(facts: AuditFacts): Promise<void>;
	/** Finishes what was asked, then closes. */
	close(): Promise<void>;
	/** Durable bytes, always up to a newline. */
	readonly size: number;
	readonly head: Head;
	readonly entriesWritten: number;
	readonly syncs: number;
	/** Why the latest write failed; undefined after one that went well. */
	readonly failure: string | undefined;
	/** Somebody else wrote to, cut or replaced the file while it was open. */
	readonly intrusion: string | undefined;
}

interface Waiting {
	facts: AuditFacts;
	resolve: () => void;
	reject: (reason: Error) => void;
}

const mostWaiting = 5000;
/** Of one sync: some 20 MB at the very most. */
const mostAtOnce = 256;

export function createAuditFile({ file, log, onDurable }: { file: string; log: Log; onDurable: () => void }): AuditFile {
	let handle: FileHandle | undefined;
	let inode = 0;
	let size = 0;
	let head: Head = noEntry;
	let waiting: Waiting[] = [];
	let pumping: Promise<void> | undefined;
	let closed = true;
	/** Bytes behind `size` are of a write that failed. */
	let isDirty = false;
	let failure: string | undefined;
	let intrusion: string | undefined;
	let entriesWritten = 0;
	let syncs = 0;

	async function openHandle(): Promise<FileHandle> {
		const opened = await open(file, "a+", 0o600);
		inode = (await opened.stat()).ino;
		await syncFolder(dirname(file));
		return opened;
	}

	/** Nobody else writes here; if somebody did, go on behind it and say so. Verification shows where. */
	async function lookUnderneath(opened: FileHandle): Promise<FileHandle> {
		const there = await stat(file).catch(() => undefined);
		let current = opened;
		if (there?.ino !== inode) {
			intrusion = there ? "The file was replaced while it was open" : "The file was removed while it was open";
			await opened.close();
			handle = undefined;
			current = await openHandle();
			handle = current;
		} else if (there.size === size) return current;
		else
			intrusion =
				there.size < size
					? "The end of the file was cut off while it was open"
					: "Somebody else wrote to the file while it was open";
		log.error("the audit log was changed by somebody else", { file, reason: intrusion });
		size = (await current.stat()).size;
		return current;
	}

	/** Half a batch must not stay: its numbers are given again. */
	async function undo(): Promise<void> {
		// By name: Windows does not truncate through a handle that appends.
		if ((await stat(file)).size > size) await truncate(file, size);
		isDirty = false;
	}

	async function write(batch: readonly Waiting[]): Promise<void> {
		handle ??= await openHandle();
		if (isDirty) await undo();
		const opened = await lookUnderneath(handle);
		let next = head;
		const lines: string[] = [];
		// A piece without its newline stays a line of its own.
		if (size > 0 && (await bytesAt(opened, size - 1, 1))[0] !== 10) lines.push("\n");
		for (const { facts } of batch) {
			const { entry, line } = link(next, facts);
			next = entry;
			lines.push(line, "\n");
		}
		const bytes = Buffer.from(lines.join(""));
		isDirty = true;
		try {
			for (let written = 0; written < bytes.length; ) written += (await opened.write(bytes, written)).bytesWritten;
			await opened.datasync();
			isDirty = false;
		} catch (cause) {
			// Where that fails too, the next write begins with it.
			await undo().catch(() => undefined);
			throw cause;
		}
		size += bytes.length;
		head = { number: next.number, hash: next.hash };
		entriesWritten += batch.length;
		syncs++;
	}

	async function pump(): Promise<void> {
		while (waiting.length > 0) {
			const batch = waiting.slice(0, mostAtOnce);
			waiting = waiting.slice(mostAtOnce);
			try {
				await write(batch);
				failure = undefined;
				for (const { resolve } of batch) resolve();
				onDurable();
			} catch (cause) {
				const reason = cause instanceof Error ? cause.message : String(cause);
				if (failure === undefined) log.error("the audit log cannot be written", { file, reason });
				failure = reason;
				const error = new MillwrightError("audit.write-failed", `The audit log cannot be written: ${reason}`, {
					kind: "outage",
					hint: "Check the disk: space, rights, the system's log. Nothing is changed that cannot be recorded.",
					place: file,
					cause,
				});
				for (const { reject } of batch) reject(error);
			}
		}
		pumping = undefined;
	}

	return {
		async open(lastKnown) {
			await mkdir(dirname(file), { recursive: true });
			let opened = await openHandle();
			const tail = await readTail(opened);
			const aside = file.replace(/(\.jsonl)?$/, ".torn");
			if (tail.tornBytes > 0) {
				await opened.close();
				await setAside(file, tail.size, aside);
				opened = await openHandle();
			}
			handle = opened;
			size = tail.size;
			const inFile = tail.head ?? noEntry;
			head = tail.head ?? (size > 0 ? lastKnown : undefined) ?? noEntry;
			closed = false;
			return { tornBytes: tail.tornBytes, aside, inFile };
		},
		append(facts) {
			if (closed)
				return Promise.reject(
					new MillwrightError("audit.closed", "The audit log is closed", {
						kind: "outage",
						hint: "The program is starting or stopping; try again.",
					}),
				);
			if (waiting.length >= mostWaiting)
				return Promise.reject(
					new MillwrightError("audit.busy", `${waiting.length} entries wait for the disk already`, {
						kind: "busy",
						hint: "Try again in a moment; check the disk if it stays so.",
					}),
				);
			return new Promise((resolve, reject) => {
				waiting.push({ facts, resolve, reject });
				pumping ??= pump();
			});
		},
		async close() {
			closed = true;
			while (pumping) await pumping;
			await handle?.close();
			handle = undefined;
		},
		get size() {
			return size;
		},
		get head() {
			return head;
		},
		get entriesWritten() {
			return entriesWritten;
		},
		get syncs() {
			return syncs;
		},
		get failure() {
			return failure;
		},
		get intrusion() {
			return intrusion;
		},
	};
}

/** So that a new file's name is as durable as its content. */
async function syncFolder(folder: string): Promise<void> {
	// Windows cannot open a folder.
	if (process.platform === "win32") return;
	const handle = await open(folder, "r");
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}
