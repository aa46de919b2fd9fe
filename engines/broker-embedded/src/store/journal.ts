import { copyFile, type FileHandle, mkdir, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Log, Timer } from "@millwright/core";
import { Fifo } from "../fifo.ts";
import type { Message } from "../message.ts";
import { compact } from "./compaction.ts";
import { frameHead, sealFrame } from "./frames.ts";
import { filesIn, loadJournal, logFile, prepareFolder, setAside, syncFolder, writeSnapshot } from "./journal-folder.ts";
import type { KeptState } from "./kept-state.ts";
import { RecordEncoder } from "./record-encoder.ts";

/** A log that has grown beyond this, and beyond twice what the snapshot held, is folded into a new snapshot. */
const compactBytes = 33_554_432;
const retryMs = 500;
/** Message bytes that may be kept at once, over all sessions and retained topics. */
const keptBytesLimit = 536_870_912;
/** Of records that wait for a disk that refuses; sessions that come and go need few. */
const pendingBytesLimit = 16_777_216;

/**
 * The broker's memory on disk: an append-only log, one frame and one fdatasync for all that a turn (or the fdatasync before)
 * brought together. What is appended is on disk when `after` says so; a disk that refuses is tried again, and meanwhile
 * nothing is promised.
 */
export class Journal {
	readonly #folder: string;
	readonly #clock: Clock;
	readonly #log: Log;
	readonly #encoder = new RecordEncoder(frameHead);
	readonly #waiters = new Fifo<{ position: number; run: () => void }>();
	#handle: FileHandle | undefined;
	#number = 0;
	#logBytes = 0;
	/** Bytes of logs behind the snapshot, without the one being written. */
	#olderBytes = 0;
	#snapshotBytes = 0;
	/** A sealed frame that is not on disk yet, and the position it brings. */
	#frame: Buffer | undefined;
	#framePosition = 0;
	#committed = 0;
	#isWriting = false;
	#isScheduled = false;
	#trouble: string | undefined;
	#retry: Timer | undefined;
	#compacting: Promise<void> | undefined;
	#copying: Promise<void> | undefined;
	#stopped = false;
	#idle: (() => void)[] = [];
	#messages = 0;
	#sessions = 0;
	#keptBytes = 0;
	commits = 0;
	lastCommitMs = 0;
	/** Files that were damaged when the journal was opened, under the names they have now. */
	damaged: string[] = [];
	/** Records appended since the start. */
	position = 0;

	constructor({ folder, clock, log }: { folder: string; clock: Clock; log: Log }) {
		this.#folder = folder;
		this.#clock = clock;
		this.#log = log;
	}

	/** Reads what is there and begins a new log. */
	async open(): Promise<KeptState> {
		prepareFolder(this.#folder);
		const { state, damaged, cutBytes, snapshotBytes, logBytes } = loadJournal(this.#folder);
		const { next } = filesIn(this.#folder);
		if (cutBytes > 0) this.#log.info("The end of the broker's journal was not finished and is cut off", { bytes: cutBytes });
		if (damaged.length > 0) {
			this.damaged = setAside(damaged, this.#clock.nowMs());
			writeSnapshot(this.#folder, state, next - 1);
			this.#log.error("The broker's journal was damaged; what could be read goes on", { setAside: this.damaged });
		}
		for (const number of state.sessions.keys()) this.#sessions = Math.max(this.#sessions, number);
		this.#keptBytes = 0;
		for (const [number, { message }] of state.messages) {
			this.#messages = Math.max(this.#messages, number);
			this.#keptBytes += message.payload.length;
		}
		this.#olderBytes = damaged.length > 0 ? 0 : logBytes;
		this.#snapshotBytes = snapshotBytes;
		this.#stopped = false;
		await this.#begin(next);
		return state;
	}

	async #begin(number: number): Promise<void> {
		this.#handle = await open(logFile(this.#folder, number), "w", 0o600);
		syncFolder(this.#folder);
		this.#number = number;
		this.#logBytes = 0;
	}

	/** Says what to keep. Everything said before the next turn is kept together or not at all. */
	get say(): RecordEncoder {
		this.position++;
		if (!this.#isScheduled) {
			this.#isScheduled = true;
			setImmediate(() => {
				this.#isScheduled = false;
				this.#commit();
			});
		}
		return this.#encoder;
	}

	/** Runs when all that was said so far is on disk; at once where it is. */
	after(run: () => void): void {
		if (this.#committed === this.position) run();
		else this.#waiters.push({ position: this.position, run });
	}

	/** Why nothing can be promised now. */
	get refusal(): string | undefined {
		if (this.#trouble !== undefined) return this.#trouble;
		return this.#keptBytes > keptBytesLimit ? "Too much is kept for clients that are away" : undefined;
	}

	/** So much waits for a disk that nobody should bring more. */
	get isOverwhelmed(): boolean {
		return this.#trouble !== undefined && this.#encoder.length > pendingBytesLimit;
	}

	get keptBytes(): number {
		return this.#keptBytes;
	}

	newSession(): number {
		return ++this.#sessions;
	}

	/** The number of a message in the journal; it is written when it is used for the first time. */
	use(message: Message): number {
		if (message.stored === 0) {
			message.stored = ++this.#messages;
			const { expiresAt, source } = message;
			const payload = Buffer.from(message.payload.buffer, message.payload.byteOffset, message.payload.length);
			this.#keptBytes += payload.length;
			this.say.message({
				number: message.stored,
				topic: message.topic,
				qos: message.qos,
				retain: message.retain,
				expiresAtMs:
					expiresAt === Number.POSITIVE_INFINITY ? expiresAt : this.#clock.nowMs() + expiresAt - this.#clock.monotonicMs(),
				clientId: source?.id ?? "",
				principal: source?.principal ?? "",
				forward: message.forward,
				payload,
			});
		}
		message.uses++;
		return message.stored;
	}

	/** As `use`, of what is in the journal already. */
	reuse(message: Message): void {
		message.uses++;
	}

	letGo(message: Message): void {
		if (message.stored === 0 || --message.uses > 0) return;
		message.stored = 0;
		this.#keptBytes -= message.payload.length;
	}

	#commit(): void {
		if (this.#isWriting || this.#retry !== undefined || this.#handle === undefined) return;
		if (this.#frame === undefined) {
			if (this.#encoder.length === 0) {
				for (const resolve of this.#idle.splice(0)) resolve();
				return;
			}
			this.#frame = sealFrame(this.#encoder.take());
			this.#framePosition = this.position;
		}
		this.#isWriting = true;
		this.#write(this.#handle, this.#frame).then(
			() => this.#wrote(),
			(error: unknown) => this.#failed(error),
		);
	}

	async #write(handle: FileHandle, frame: Buffer): Promise<void> {
		const begun = performance.now();
		for (let at = 0; at < frame.length; )
			at += (await handle.write(frame, at, frame.length - at, this.#logBytes + at)).bytesWritten;
		await handle.datasync();
		this.lastCommitMs = performance.now() - begun;
	}

	#wrote(): void {
		this.#isWriting = false;
		this.commits++;
		this.#logBytes += (this.#frame as Buffer).length;
		this.#frame = undefined;
		this.#committed = this.#framePosition;
		if (this.#trouble !== undefined) {
			this.#log.info("The broker's journal can be written again");
			this.#trouble = undefined;
		}
		for (
			let first = this.#waiters.peek();
			first !== undefined && first.position <= this.#committed;
			first = this.#waiters.peek()
		) {
			this.#waiters.shift();
			try {
				first.run();
			} catch (error) {
				this.#log.error("What waited for the journal failed", { error: error instanceof Error ? error.stack : String(error) });
			}
		}
		if (this.#logBytes + this.#olderBytes > Math.max(compactBytes, this.#snapshotBytes * 3) && this.#compacting === undefined)
			void this.#fold();
		else this.#commit();
	}

	#failed(error: unknown): void {
		this.#isWriting = false;
		const message = error instanceof Error ? error.message : String(error);
		if (this.#trouble === undefined)
			this.#log.error("The broker's journal cannot be written: nothing durable is promised until it can", { error: message });
		this.#trouble = message;
		if (this.#stopped) {
			for (const resolve of this.#idle.splice(0)) resolve();
			return;
		}
		this.#retry = this.#clock.after(retryMs, () => {
			this.#retry = undefined;
			this.#commit();
		});
	}

	/** Ends the log and begins the next; commits wait meanwhile. */
	async #roll(): Promise<number> {
		const ended = this.#number;
		this.#isWriting = true;
		try {
			const before = this.#handle;
			await this.#begin(ended + 1);
			await before?.close();
		} finally {
			this.#isWriting = false;
			this.#commit();
		}
		return ended;
	}

	async #fold(): Promise<void> {
		const folding = Promise.withResolvers<void>();
		this.#compacting = folding.promise;
		try {
			if (this.#copying !== undefined) await this.#copying;
			const bytes = this.#logBytes;
			const through = await this.#roll();
			this.#olderBytes += bytes;
			const folded = this.#olderBytes;
			await compact(this.#folder, through);
			this.#olderBytes -= folded;
			this.#snapshotBytes = this.#keptBytes;
		} catch (error) {
			// Tried again when as much has been added once more.
			this.#snapshotBytes = (this.#logBytes + this.#olderBytes) / 2;
			this.#log.warn("The broker's journal could not be folded", { error: String(error) });
		} finally {
			this.#compacting = undefined;
			folding.resolve();
		}
	}

	/** Everything said so far is on disk, or cannot be. */
	settled(): Promise<void> {
		return new Promise((resolve) => {
			if (this.#trouble !== undefined || (this.#committed === this.position && !this.#isWriting)) resolve();
			else this.#idle.push(resolve);
		});
	}

	/** A consistent copy of what is kept now. */
	async copyTo(folder: string): Promise<void> {
		while (this.#compacting !== undefined) await this.#compacting;
		const copied = Promise.withResolvers<void>();
		this.#copying = copied.promise;
		try {
			await this.settled();
			while (this.#isWriting) await this.settled();
			const bytes = this.#logBytes;
			await this.#roll();
			this.#olderBytes += bytes;
			await mkdir(folder, { recursive: true, mode: 0o700 });
			const { snapshot, logs } = filesIn(this.#folder);
			for (const name of await readdir(this.#folder)) {
				const number = Number(/^(\d{6,})\.(?:log|snapshot)$/.exec(name)?.[1] ?? Number.NaN);
				if (number === snapshot || (logs.includes(number) && number < this.#number))
					await copyFile(join(this.#folder, name), join(folder, name));
			}
		} finally {
			this.#copying = undefined;
			copied.resolve();
		}
	}

	async close(): Promise<void> {
		this.#stopped = true;
		this.#retry?.cancel();
		this.#retry = undefined;
		this.#commit();
		await this.settled();
		while (this.#compacting !== undefined) await this.#compacting;
		await this.#handle?.close().catch(() => {});
		this.#handle = undefined;
		this.#waiters.clear();
	}
}
