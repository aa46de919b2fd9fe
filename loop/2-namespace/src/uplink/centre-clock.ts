const remembered = 8;

interface Sample {
	offsetMs: number;
	roundTripMs: number;
}

/** The centre's clock as four times tell it; of the last answers the one with the shortest way counts. Source: RFC 5905 §8. */
export function createCentreClock() {
	const samples: Sample[] = [];
	const best = (): Sample | undefined =>
		samples.reduce<Sample | undefined>((least, one) => (!least || one.roundTripMs < least.roundTripMs ? one : least), undefined);
	return {
		/** Ours when we asked, theirs when it came and when the answer left, ours when that came; all wall ms. */
		answer({ asked, came, left, got }: { asked: number; came: number; left: number; got: number }): void {
			const roundTripMs = got - asked - (left - came);
			// Our own clock was set in between.
			if (roundTripMs < 0) {
				samples.length = 0;
				return;
			}
			const offsetMs = (came - asked + (left - got)) / 2;
			const held = best();
			// Farther off than its own way can explain: a clock was set, what came before says nothing any more.
			if (held && Math.abs(offsetMs - held.offsetMs) > roundTripMs + held.roundTripMs + 100) samples.length = 0;
			samples.push({ offsetMs, roundTripMs });
			if (samples.length > remembered) samples.shift();
		},
		/** Theirs minus ours. */
		get offsetMs(): number | undefined {
			return best()?.offsetMs;
		},
		get roundTripMs(): number | undefined {
			return best()?.roundTripMs;
		},
		reset(): void {
			samples.length = 0;
		},
	};
}
