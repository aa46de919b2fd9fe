import type { Nanos, Quality } from "@millwright/core";
import type { Passing, RowSink, TagCounts } from "./stage.ts";

/**
 * Straight lines instead of points: a row is held back while one line from the last passed row through it leaves every row
 * between within `deviation`. Source: Bristol, "Swinging door trending", ISA 1990; here the door is checked against the
 * line to the row itself, so that the greatest error is the deviation and not twice of it.
 */
export function passSwingingDoor(
	tag: number,
	{ deviation, atLeastEvery }: { deviation: number; atLeastEvery?: number | undefined },
	counts: TagCounts,
): Passing {
	let pivotMs = Number.NaN;
	let pivot = Number.NaN;
	let steepest = Number.POSITIVE_INFINITY;
	let flattest = Number.NEGATIVE_INFINITY;
	let held = false;
	let heldTime: Nanos = 0n;
	let heldMs = 0;
	let heldValue = 0;
	let heldQuality: Quality = 0;

	const turnAt = (ms: number, value: number) => {
		pivotMs = ms;
		pivot = value;
		steepest = Number.POSITIVE_INFINITY;
		flattest = Number.NEGATIVE_INFINITY;
		held = false;
	};
	const release = (out: RowSink) => {
		if (!held) return;
		counts.read++;
		out.add(tag, heldTime, heldValue, heldQuality);
		turnAt(heldMs, heldValue);
	};
	return {
		row(time, ms, value, quality, changed, out) {
			const span = ms - pivotMs;
			if (changed || !Number.isFinite(value) || !Number.isFinite(pivot) || !(span > 0)) {
				release(out);
				out.add(tag, time, value, quality);
				turnAt(ms, value);
				return;
			}
			let slope = (value - pivot) / span;
			if (slope > steepest || slope < flattest) {
				release(out);
				slope = (value - pivot) / (ms - pivotMs);
				if (!Number.isFinite(slope)) {
					out.add(tag, time, value, quality);
					turnAt(ms, value);
					return;
				}
			} else if (held) {
				counts.read++;
				counts.filtered++;
			}
			if (atLeastEvery !== undefined && ms - pivotMs >= atLeastEvery) {
				out.add(tag, time, value, quality);
				turnAt(ms, value);
				return;
			}
			const width = ms - pivotMs;
			steepest = Math.min(steepest, (value + deviation - pivot) / width);
			flattest = Math.max(flattest, (value - deviation - pivot) / width);
			held = true;
			counts.read--;
			heldTime = time;
			heldMs = ms;
			heldValue = value;
			heldQuality = quality;
		},
		flush(nowMs, out, end) {
			if (end || (atLeastEvery !== undefined && held && nowMs - pivotMs >= atLeastEvery)) release(out);
		},
	};
}
