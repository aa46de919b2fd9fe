/**
 * How far the server's clock is ahead of ours, ms. Nothing arrives before it was sent: every message bounds the offset
 * from below, every answered ping from above. Clocks are taken as equal until that is impossible, so that a slow first
 * answer does not make values look younger than they are.
 */
export class ClockOffset {
	#atLeast = Number.NEGATIVE_INFINITY;
	#atMost = Number.POSITIVE_INFINITY;

	/** A message that left at `serverMs` was here at `receivedMs`. */
	heard(serverMs: number, receivedMs: number): void {
		this.#atLeast = Math.max(this.#atLeast, serverMs - receivedMs);
	}

	/** The server said `serverMs` some time after we asked at `askedMs`. */
	answered(serverMs: number, askedMs: number): void {
		// The server counts whole milliseconds.
		this.#atMost = Math.min(this.#atMost, serverMs + 1 - askedMs);
	}

	get ms(): number {
		if (this.#atLeast > 0) return this.#atLeast;
		return Math.min(this.#atMost, 0);
	}

	/** Clocks drift and are set; what was learnt is forgotten with each connection. */
	reset(): void {
		this.#atLeast = Number.NEGATIVE_INFINITY;
		this.#atMost = Number.POSITIVE_INFINITY;
	}
}
