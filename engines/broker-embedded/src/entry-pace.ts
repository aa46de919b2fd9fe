import type { Clock, Timer } from "@millwright/core";
import { Fifo } from "./fifo.ts";

const tickMs = 10;

/**
 * Lets newcomers in at a rate, so that hundreds who come back at once do not take the time of those who are here.
 * A tenth of a second's worth may enter together; the rest waits in order.
 */
export class EntryPace<T> {
	readonly #perSecond: number;
	readonly #clock: Clock;
	readonly #enter: (one: T) => void;
	readonly #waiting = new Fifo<T>();
	#tokens: number;
	#filledAt: number;
	#timer: Timer | undefined;

	constructor(options: { perSecond: number; clock: Clock; enter: (one: T) => void }) {
		this.#perSecond = options.perSecond;
		this.#clock = options.clock;
		this.#enter = options.enter;
		this.#tokens = this.#burst;
		this.#filledAt = options.clock.monotonicMs();
	}

	get #burst(): number {
		return Math.max(1, this.#perSecond / 10);
	}

	get waiting(): number {
		return this.#waiting.length;
	}

	add(one: T): void {
		this.#waiting.push(one);
		if (this.#timer === undefined) this.#let();
	}

	#let(): void {
		const nowMs = this.#clock.monotonicMs();
		this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#filledAt) * this.#perSecond) / 1000);
		this.#filledAt = nowMs;
		while (this.#tokens >= 1 && this.#waiting.length > 0) {
			this.#tokens--;
			this.#enter(this.#waiting.shift() as T);
		}
		if (this.#waiting.length > 0)
			this.#timer = this.#clock.after(tickMs, () => {
				this.#timer = undefined;
				this.#let();
			});
	}

	stop(): void {
		this.#timer?.cancel();
		this.#timer = undefined;
		this.#waiting.clear();
	}
}
