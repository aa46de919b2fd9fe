import { Fifo } from "./fifo.ts";

interface Owed {
	/** Undefined while what it promises is not yet kept. */
	frame: Buffer | undefined;
	readonly since: number;
}

/**
 * Answers to one client's packets, in the order of the packets: one that must wait until its promise is kept holds those
 * behind it back. Source: MQTT 5 §4.6.
 */
export class Answers {
	readonly #reply: (frame: Buffer) => void;
	readonly #owed = new Fifo<Owed>();

	constructor(reply: (frame: Buffer) => void) {
		this.#reply = reply;
	}

	get owed(): number {
		return this.#owed.length;
	}

	/** Monotonic ms since when the first in the row waits; Infinity where none does. */
	get waitingSince(): number {
		return this.#owed.peek()?.since ?? Number.POSITIVE_INFINITY;
	}

	give(frame: Buffer): void {
		if (this.#owed.length === 0) this.#reply(frame);
		else this.#owed.push({ frame, since: 0 });
	}

	/** Takes a place in the row; call what it returns with the answer. */
	owe(nowMs: number): (frame: Buffer) => void {
		const owed: Owed = { frame: undefined, since: nowMs };
		this.#owed.push(owed);
		return (frame) => {
			owed.frame = frame;
			for (let first = this.#owed.peek(); first?.frame !== undefined; first = this.#owed.peek()) {
				this.#owed.shift();
				this.#reply(first.frame);
			}
		};
	}

	clear(): void {
		this.#owed.clear();
	}
}
