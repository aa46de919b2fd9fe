import type { BrokerCore } from "./core.ts";
import { fixedLimits } from "./limits.ts";
import type { Session } from "./session.ts";
import type { Transport } from "./transport.ts";

/** Who has so much to say at once (or all together eight times as much) can wait a moment; who speaks at a pace is not made to. */
const floodBytes = 16_384;
const floodPatienceMs = 1000;
const pacedPatienceMs = 50;

export interface Rates {
	maxMessagesPerSecond: number;
	maxBytesPerSecond: number;
}

const earned = (left: number, seconds: number, rate: number): number =>
	rate === Number.POSITIVE_INFINITY ? rate : Math.min(rate, left + seconds * rate);

const owed = (left: number, rate: number): number => (left < 0 ? -left / rate : 0);

/** How fast one client is read: not more than its share of a turn, and not while others cannot follow. */
export class ReadingPace {
	readonly #core: BrokerCore;
	readonly #transport: Transport;
	readonly #goOn: () => void;
	/** Reasons not to read now; reading goes on at none. */
	#holds = 0;
	#readThisTurn = 0;
	/** Of the last read; a large one is a flood. */
	#chunkBytes = 0;
	#heldForTurn = false;
	#heldForControl = false;
	#controlBytes = 0;
	/** What the client may still say now; below zero it waits. Undefined where its pace is free. */
	#allowance: { messages: number; bytes: number; at: number } | undefined;
	#rates: Rates = { maxMessagesPerSecond: Number.POSITIVE_INFINITY, maxBytesPerSecond: Number.POSITIVE_INFINITY };

	/** `goOn` is called when reading may go on, with the transport already resumed. */
	constructor(core: BrokerCore, transport: Transport, goOn: () => void) {
		this.#core = core;
		this.#transport = transport;
		this.#goOn = goOn;
	}

	get isHeld(): boolean {
		return this.#holds > 0;
	}

	hold(): void {
		if (this.#holds++ === 0) this.#transport.pause();
	}

	release(): void {
		if (--this.#holds > 0) return;
		this.#transport.resume();
		this.#goOn();
	}

	/** Bytes came. */
	took(bytes: number): void {
		if (bytes === 0) return;
		if (this.#readThisTurn === 0) this.#core.turn.after(this.#newTurn);
		this.#readThisTurn += bytes;
		this.#core.turnBytes += bytes;
		this.#chunkBytes = bytes;
	}

	/** After each packet: a client that had its share waits for the next turn. */
	share(): void {
		if (this.#readThisTurn <= fixedLimits.readPerTurn || this.#heldForTurn) return;
		this.#heldForTurn = true;
		this.hold();
	}

	readonly #newTurn = (): void => {
		this.#readThisTurn = 0;
		this.#core.turnBytes = 0;
		if (!this.#heldForTurn) return;
		this.#heldForTurn = false;
		this.release();
	};

	/** A second's worth may come at once. */
	limit(rates: Rates): void {
		const { maxMessagesPerSecond, maxBytesPerSecond } = rates;
		this.#rates = rates;
		const isFree = maxMessagesPerSecond === Number.POSITIVE_INFINITY && maxBytesPerSecond === Number.POSITIVE_INFINITY;
		this.#allowance = isFree
			? undefined
			: { messages: maxMessagesPerSecond, bytes: maxBytesPerSecond, at: this.#core.clock.monotonicMs() };
	}

	/** A message came; a client over its rate is not read until it has earned what it said, so nothing is lost. */
	spend(bytes: number): void {
		const left = this.#allowance;
		if (left === undefined) return;
		const { maxMessagesPerSecond, maxBytesPerSecond } = this.#rates;
		const nowMs = this.#core.clock.monotonicMs();
		const seconds = (nowMs - left.at) / 1000;
		left.at = nowMs;
		left.messages = earned(left.messages, seconds, maxMessagesPerSecond) - 1;
		left.bytes = earned(left.bytes, seconds, maxBytesPerSecond) - bytes;
		const waitMs = 1000 * Math.max(owed(left.messages, maxMessagesPerSecond), owed(left.bytes, maxBytesPerSecond));
		if (waitMs <= 0) return;
		this.hold();
		this.#core.clock.after(Math.ceil(waitMs), () => this.release());
	}

	/** Answers count against a client that asks and never reads. */
	answered(bytes: number): void {
		const idle = this.#transport.bufferedBytes === 0;
		this.#controlBytes = idle ? bytes : this.#controlBytes + bytes;
		if (idle || this.#controlBytes <= fixedLimits.controlBytes || this.#heldForControl) return;
		this.#heldForControl = true;
		this.hold();
	}

	/** Everything written was taken. */
	emptied(): void {
		this.#controlBytes = 0;
		if (!this.#heldForControl) return;
		this.#heldForControl = false;
		this.release();
	}

	/** A publisher of QoS 1, or one that floods, waits for receivers that read but cannot follow; frozen ones hold nobody up. */
	waitForReaders(own: Session | undefined, qos: 0 | 1 | 2): void {
		const congested = [...this.#core.congested];
		this.#core.congested.clear();
		const floods = this.#chunkBytes >= floodBytes || this.#core.turnBytes >= floodBytes * 8;
		if (qos === 0 && !floods) return;
		for (const session of congested) {
			if (session === own) continue;
			this.hold();
			// On the next turn: the receiver is in the middle of its own work.
			session.hold(() => this.#core.turn.after(() => this.release()), floods ? floodPatienceMs : pacedPatienceMs);
		}
	}
}
