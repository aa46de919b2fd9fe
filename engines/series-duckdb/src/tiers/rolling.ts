import { asMillwrightError } from "@millwright/core";
import type { FromWorker } from "../protocol.ts";
import type { HotHours } from "./hot-rows.ts";
import type { Mover } from "./mover.ts";
import { roll } from "./roll.ts";

/** Keeps the table small: moves its rows into files when there are enough, later while very much arrives. */
export interface Rolling {
	flushed(rows: number): void;
}

/** A flush of more rows than this is a flood: a replay or an import, which moving rows would slow down. */
const floodRows = 20_000;
/** As many times the usual rows may pile up in a flood. */
const patience = 8;
const pauseAfterFailureMs = 60_000;

export function createRolling({
	mover,
	hours,
	rollRows,
	tell,
}: {
	mover: Mover;
	hours: HotHours;
	rollRows: number;
	tell(message: FromWorker): void;
}): Rolling {
	let notBefore = 0;
	return {
		flushed(rows) {
			if (hours.rows < rollRows || mover.busy || performance.now() < notBefore) return;
			if (rows > floodRows && hours.rows < rollRows * patience) return;
			mover
				.run(
					() => {},
					(moving) => roll(moving),
				)
				.catch((thrown) => {
					notBefore = performance.now() + pauseAfterFailureMs;
					tell({ kind: "roll-failed", error: asMillwrightError(thrown, "series.roll-failed").toJSON() });
				});
		},
	};
}
