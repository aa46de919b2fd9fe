import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { MillwrightError } from "@millwright/core";
import { readNumbers, removeDurably, writeNumbers } from "./numbers-file.ts";

/** Where the ring lies within a data folder. */
export const ringFile = (dataFolder: string): string => join(dataFolder, "sense", "ring.db");

const raisedFile = (ring: string): string => `${ring}.raised.json`;

/**
 * After an older ring was put beside a newer history: every number given from the next start on is greater than the one
 * named here for its connection, so that no new sample is taken for one the history has. For a ring that nobody has open; takes
 * effect when it is opened. Numbers only ever rise, however often this is called. Derived samples (`twin:…`) carry the
 * numbers of what they came from: name the connection itself.
 */
export function raiseNumbers({ dataFolder, above }: { dataFolder: string; above: Readonly<Record<string, number>> }): void {
	const file = raisedFile(ringFile(dataFolder));
	const raised = readNumbers(file);
	for (const [connection, number] of Object.entries(above)) {
		if (!Number.isSafeInteger(number) || number < -1)
			throw new MillwrightError("sense.number-invalid", `${number} is no number that "${connection}" can have used`, {
				kind: "input",
			});
		raised.set(connection, Math.max(raised.get(connection) ?? -1, number));
	}
	mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
	writeNumbers(file, raised);
}

/** What was asked for and not yet taken over. */
export function openRaised(ring: string) {
	const file = raisedFile(ring);
	return {
		all: (): ReadonlyMap<string, number> => readNumbers(file),
		/** To be called once the ring has them on disk. */
		done: (): void => removeDurably(file),
	};
}
