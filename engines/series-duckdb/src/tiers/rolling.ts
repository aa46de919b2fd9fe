import { asMillwrightError } from "@millwright/core";
import type { FromWorker } from "../protocol.ts";
import { type HotHours, hourNs } from "./hot-rows.ts";
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
/** A quarter of the rows is enough when they are of more than three hours. */
const slowShare = 4;
const slowHours = 3n;
const pauseAfterFailureMs = 60_000;

const nothing = () => {};

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
	let isRolled = false;
	/** A slow plant's rows are moved after some hours, so that questions about today do not scan all of them. */
	const isEnough = () => {
		if (hours.rows >= rollRows) return true;
		const extent = hours.rows * slowShare >= rollRows ? hours.extent() : undefined;
		return extent !== undefined && extent.until - extent.from > slowHours * hourNs;
	};
	return {
		flushed(rows) {
			if (isRolled && !mover.busy) {
				// Blocks that the last checkpoint freed leave the file with the next, once there is something new to write.
				isRolled = false;
				mover.run(nothing, ({ settle }) => settle()).catch(nothing);
				return;
			}
			if (!isEnough() || mover.busy || performance.now() < notBefore) return;
			if (rows > floodRows && hours.rows < rollRows * patience) return;
			mover
				.run(nothing, (moving) => roll(moving))
				.then(() => {
					isRolled = true;
				})
				.catch((thrown) => {
					if (mover.isClosed) return;
					notBefore = performance.now() + pauseAfterFailureMs;
					tell({ kind: "roll-failed", error: asMillwrightError(thrown, "series.roll-failed").toJSON() });
				});
		},
	};
}
