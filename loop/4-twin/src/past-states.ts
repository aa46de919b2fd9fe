import type { SampleBatch } from "@millwright/core";
import { createState, type State } from "./state.ts";

/** Gaps remembered for each connection; an older one's samples are then derived from what comes with them alone. */
const mostGaps = 8;

interface Gap {
	first: number;
	/** Exclusive. */
	until: number;
	state: State;
}

/**
 * What the plant looked like where samples are missing that may still come: live goes first after an outage, the backlog comes
 * beside it. Late samples are derived from the state before their gap, not from the present.
 */
export function createPastStates(state: State) {
	const gaps = new Map<string, Gap[]>();
	/** The number that comes next, by connection. */
	const expected = new Map<string, number>();

	return {
		/** Before a batch is applied: one that begins beyond what was expected leaves a gap behind. */
		notice({ connection, first, last }: SampleBatch): void {
			const next = expected.get(connection);
			if (next !== undefined && first > next) {
				const known = gaps.get(connection) ?? [];
				known.push({ first: next, until: first, state: state.copy() });
				gaps.set(connection, known.slice(-mostGaps));
			}
			if (next === undefined || last >= next) expected.set(connection, last + 1);
		},
		/** The state late samples of this batch belong to. */
		of({ connection, first }: SampleBatch): State {
			const known = gaps.get(connection) ?? [];
			const gap = known.find((one) => first >= one.first && first < one.until);
			if (gap) return gap.state;
			// A gap from before the start: what it began with is not known, its own samples will tell.
			const fresh: Gap = { first, until: expected.get(connection) ?? first + 1, state: createState() };
			gaps.set(connection, [...known, fresh].slice(-mostGaps));
			return fresh.state;
		},
		/** Whose backlog is whole is not remembered. */
		forget({ connection, last }: SampleBatch): void {
			const known = gaps.get(connection);
			if (!known) return;
			const open = known.filter(({ until }) => last + 1 !== until);
			if (open.length === 0) gaps.delete(connection);
			else if (open.length < known.length) gaps.set(connection, open);
		},
	};
}
