const remembered = 8;

/**
 * How far a gateway's clock runs from ours. Of the last answers the quickest tells best, since its way there and back was
 * least uneven; what the gateway made of our answers and what we see of its messages must agree.
 */
export function createGatewayClock() {
	const oneWay: number[] = [];
	let roundTrip: number | undefined;
	return {
		/** A heartbeat: their clock when it left, ours when it came, and the gateway's quickest round trip. */
		heard({
			sentAtMs,
			receivedAtMs,
			roundTripMs,
		}: {
			sentAtMs: number;
			receivedAtMs: number;
			roundTripMs: number | undefined;
		}): void {
			oneWay.push(receivedAtMs - sentAtMs);
			if (oneWay.length > remembered) oneWay.shift();
			roundTrip = roundTripMs;
		},
		/** Theirs minus ours, ms; undefined before anything was heard. */
		get offsetMs(): number | undefined {
			// A clock that jumps shows in the newest message; one that is slow to arrive only looks behind.
			const newest = oneWay.at(-1);
			if (newest === undefined) return undefined;
			const quickest = Math.min(...oneWay);
			const jumped = newest - quickest > 500 && oneWay.slice(-3).every((delay) => delay - quickest > 500);
			return (roundTrip ?? 0) / 2 - (jumped ? Math.min(...oneWay.slice(-3)) : quickest);
		},
		get roundTripMs(): number | undefined {
			return roundTrip;
		},
		reset(): void {
			oneWay.length = 0;
			roundTrip = undefined;
		},
	};
}
