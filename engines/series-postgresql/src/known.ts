import { type NumberRange, SequenceSet } from "@millwright/core";

interface Numbers {
	/** Durable. */
	stored: SequenceSet;
	/** Durable or on its way. */
	taken: SequenceSet;
}

/** Which numbers of which connection are stored, or on their way. */
export function createKnown(progress: readonly [connection: string, ranges: NumberRange[]][] = []) {
	const byConnection = new Map<string, Numbers>(
		progress.map(([connection, ranges]) => [connection, { stored: new SequenceSet(ranges), taken: new SequenceSet(ranges) }]),
	);
	return {
		/** The parts that were not known before. */
		take(connection: string, first: number, last: number): NumberRange[] {
			let one = byConnection.get(connection);
			if (!one) {
				one = { stored: new SequenceSet(), taken: new SequenceSet() };
				byConnection.set(connection, one);
			}
			return one.taken.add(first, last);
		},
		store: (connection: string, first: number, last: number) => void byConnection.get(connection)?.stored.add(first, last),
		/** What was on its way is not. */
		forgetTaken() {
			for (const one of byConnection.values()) one.taken = new SequenceSet(one.stored.ranges());
		},
		ranges: (connection: string): NumberRange[] => byConnection.get(connection)?.stored.ranges() ?? [],
		count: (connection: string): number => byConnection.get(connection)?.stored.size ?? 0,
		connections: (): string[] => [...byConnection].filter(([, { stored }]) => stored.size > 0).map(([connection]) => connection),
	};
}
