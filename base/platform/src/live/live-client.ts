import { createHash } from "node:crypto";
import type { Clock, LiveMessage, Principal } from "@millwright/core";
import type { WebSocket } from "ws";
import { frameText } from "./frame.ts";
import type { NewestValues } from "./newest-values.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Above this a client gets nothing more until it has read what it has, bytes. */
const mostBuffered = 1_048_576;
const mostEvents = 1000;
/** A ping travels behind the frames: unanswered for so long, the line is full and more frames would only grow old in it. */
const lateMs = 2000;
const pingEveryMs = 1000;
const idlePingMs = 15_000;
/** Not drained, or not heard of, for so long: closed. */
const patienceMs = 30_000;

export interface LiveCounts {
	frames: number;
	values: number;
	skipped: number;
	events: number;
	eventsDropped: number;
	slowClosed: number;
	refused: number;
}

/** Frames of this tick by the set of tags watched, so that people looking at the same page share the work. */
export type FrameCache = Map<string, Buffer>;

/** One browser or program on the line, and what it has not been told yet. */
export class LiveClient {
	readonly connectedAtMs: number;
	readonly socket: WebSocket;
	subscriptions!: Subscriptions;
	eventNames: readonly string[] = [];
	principal: Principal;
	skippedInAll = 0;

	readonly #clock: Clock;
	readonly #newest: NewestValues;
	readonly #counts: LiveCounts;

	/** 1 where the client has not seen the newest value. */
	#dirty = new Uint8Array(0);
	#changed: number[] = [];
	#skipped = 0;
	/** What is due differs from what others with the same tags are due. */
	#behind = false;
	#group: string | undefined;

	#events: string[] = [];
	#eventsDropped = 0;

	#unflushed = 0;
	#progressMs: number;
	#pingedMs: number;
	#pingOut = false;

	constructor(about: { socket: WebSocket; principal: Principal; clock: Clock; newest: NewestValues; counts: LiveCounts }) {
		this.socket = about.socket;
		this.principal = about.principal;
		this.#clock = about.clock;
		this.#newest = about.newest;
		this.#counts = about.counts;
		this.connectedAtMs = about.clock.nowMs();
		this.#progressMs = about.clock.monotonicMs();
		this.#pingedMs = this.#progressMs;
		about.socket.on("pong", () => {
			this.#pingOut = false;
			this.#progressMs = this.#clock.monotonicMs();
		});
	}

	/** Has it read what it was sent, as far as can be told? */
	get isReady(): boolean {
		if (this.socket.readyState !== this.socket.OPEN || this.#unflushed > 0 || this.socket.bufferedAmount > mostBuffered)
			return false;
		return !this.#pingOut || this.#clock.monotonicMs() - this.#pingedMs < lateMs;
	}

	/** Should we stop reading what it asks until it reads what it is answered? */
	get isFull(): boolean {
		return this.socket.bufferedAmount > mostBuffered;
	}

	get #isLate(): boolean {
		return this.#pingOut && this.#clock.monotonicMs() - this.#pingedMs >= lateMs;
	}

	tell(message: LiveMessage): void {
		this.#send(JSON.stringify(message));
	}

	/** A tag has come to be watched: its newest value is due. */
	gained(tag: number): void {
		this.#group = undefined;
		if (tag >= this.#dirty.length) {
			const wider = new Uint8Array(Math.max(1024, 2 ** Math.ceil(Math.log2(tag + 1))));
			wider.set(this.#dirty);
			this.#dirty = wider;
		}
		this.#behind = true;
		if (this.#newest.isKnown(tag)) this.#mark(tag);
	}

	lost(tag: number): void {
		this.#group = undefined;
		this.#dirty[tag] = 0;
	}

	/** So many samples of a watched tag came since the last frame. */
	changed(tag: number, samples: number): void {
		if (this.#dirty[tag] === 1) this.#skipped += samples;
		else this.#mark(tag);
	}

	#mark(tag: number): void {
		if (this.#dirty[tag] === 1) return;
		this.#dirty[tag] = 1;
		this.#changed.push(tag);
	}

	/** What is known of the tags just gained, right behind the answer that names them, unless the line is full. */
	snapshot(): void {
		if (!this.isFull && !this.#isLate) this.#sendValues(undefined, true);
	}

	/** Sends what is due, unless the client has not come to the end of what it has. */
	flush(cache: FrameCache | undefined): void {
		if (!this.isReady) {
			this.#behind = true;
			return;
		}
		this.#flushEvents();
		this.#sendValues(cache, false);
		const now = this.#clock.monotonicMs();
		if (!this.#pingOut && now - this.#pingedMs >= (this.#unflushed > 0 ? pingEveryMs : idlePingMs)) {
			this.#pingOut = true;
			this.#pingedMs = now;
			this.#progressMs = Math.max(this.#progressMs, now);
			this.socket.ping();
		}
	}

	/** Waited for too long: neither a flushed send nor an answered ping. */
	get isStuck(): boolean {
		return (this.#unflushed > 0 || this.#pingOut) && this.#clock.monotonicMs() - this.#progressMs >= patienceMs;
	}

	event(text: string): void {
		if (this.#events.length === 0 && this.isReady) {
			this.#counts.events++;
			this.#send(text);
			return;
		}
		this.#events.push(text);
		if (this.#events.length > mostEvents) {
			this.#events.shift();
			this.#eventsDropped++;
			this.#counts.eventsDropped++;
		}
	}

	#flushEvents(): void {
		if (this.#eventsDropped > 0) {
			this.tell({
				t: "error",
				code: "live.events-dropped",
				message: `${this.#eventsDropped} events were dropped because this line is slow`,
				hint: "Ask for the list of events again; it holds them all.",
			});
			this.#eventsDropped = 0;
		}
		if (this.#events.length === 0) return;
		const events = this.#events;
		this.#events = [];
		this.#counts.events += events.length;
		for (const text of events) this.#send(text);
	}

	#sendValues(cache: FrameCache | undefined, snapshot: boolean): void {
		if (this.#changed.length === 0) return;
		const group = cache && !this.#behind && this.#skipped === 0 ? this.#groupKey() : undefined;
		let frame = group === undefined ? undefined : cache?.get(group);
		const tags = this.#takeChanged();
		if (tags.length > 0) {
			frame ??= Buffer.from(
				frameText(this.#newest, tags, { serverMs: this.#clock.nowMs(), skipped: this.#skipped || undefined, snapshot }),
			);
			if (group !== undefined) cache?.set(group, frame);
			this.#counts.frames++;
			this.#counts.values += tags.length;
			this.#counts.skipped += this.#skipped;
			this.skippedInAll += this.#skipped;
			this.#send(frame);
		}
		this.#skipped = 0;
		this.#behind = false;
	}

	/** Tags due, each once, without those given up meanwhile. */
	#takeChanged(): number[] {
		const changed = this.#changed;
		this.#changed = [];
		let length = 0;
		for (const tag of changed) {
			if (this.#dirty[tag] === 0) continue;
			this.#dirty[tag] = 0;
			changed[length++] = tag;
		}
		changed.length = length;
		return changed;
	}

	#groupKey(): string {
		this.#group ??= createHash("sha256").update(Uint32Array.from(this.subscriptions.tags.keys()).sort()).digest("base64");
		return this.#group;
	}

	#send(data: string | Buffer): void {
		if (this.socket.readyState !== this.socket.OPEN) return;
		if (this.#unflushed++ === 0) this.#progressMs = this.#clock.monotonicMs();
		this.socket.send(data, { binary: false }, () => {
			this.#unflushed--;
			this.#progressMs = this.#clock.monotonicMs();
		});
	}
}
