import type { Clock, Timer } from "@millwright/core";
import type { SampleReceipts } from "@millwright/sense/api";

/** Tells the ring how far it may forget, at most every so often for all connections that moved. */
export function createReceipts({
	receipts,
	clock,
	everyMs = 200,
	patienceMs = 60_000,
	storedThrough,
}: {
	receipts: SampleReceipts;
	clock: Clock;
	everyMs?: number;
	/** Longest wait for older numbers. */
	patienceMs?: number;
	storedThrough(connection: string): number;
}) {
	const moved = new Set<string>();
	const told = new Map<string, number>();
	/** Connections of which older numbers are still to come, and the number below which they lie. */
	const withheld = new Map<string, number>();
	let timer: Timer | undefined;

	const tell = () => {
		timer?.cancel();
		timer = undefined;
		for (const connection of moved) {
			if (withheld.has(connection)) continue;
			const through = storedThrough(connection);
			if (through <= (told.get(connection) ?? -1)) continue;
			told.set(connection, through);
			receipts.acknowledge(connection, through);
		}
		moved.clear();
	};

	const stored = (connection: string) => {
		moved.add(connection);
		timer ??= clock.after(everyMs, tell);
	};

	const release = (connection: string) => {
		if (withheld.delete(connection)) stored(connection);
	};

	return {
		stored,
		/** Nothing is acknowledged until what lies below `number` has come again, is known to be gone, or has kept us waiting too long. */
		withhold(connection: string, number: number): void {
			withheld.set(connection, number);
			clock.after(patienceMs, () => release(connection));
		},
		release,
		/** A stored replay; it comes in order, so it ends the waiting when it reaches the number or begins beyond it. */
		replayed(connection: string, last: number): void {
			const number = withheld.get(connection);
			if (number !== undefined && last >= number - 1) release(connection);
		},
		tell,
	};
}
