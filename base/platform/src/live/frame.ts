import type { LiveFrame } from "@millwright/core";
import type { NewestValues } from "./newest-values.ts";

/** The newest values of some tags as one message. A snapshot says nothing of when its values were read. */
export function frameText(
	newest: NewestValues,
	tags: ArrayLike<number>,
	about: { serverMs: number; skipped?: number; snapshot?: boolean },
): string {
	const length = tags.length;
	const frame: LiveFrame = {
		t: "values",
		serverMs: about.serverMs,
		readMs: 0,
		handles: new Array<number>(length),
		times: new Array<number>(length),
		values: new Array<number | string | null>(length),
		quality: new Array<number>(length),
	};
	let oldest = Number.POSITIVE_INFINITY;
	for (let i = 0; i < length; i++) {
		const tag = tags[i] as number;
		frame.handles[i] = tag;
		frame.times[i] = newest.timeOf(tag);
		frame.values[i] = newest.contentOf(tag);
		frame.quality[i] = newest.qualityOf(tag);
		const readAt = newest.readAtOf(tag);
		if (readAt > 0 && readAt < oldest) oldest = readAt;
	}
	if (!about.snapshot && oldest < Number.POSITIVE_INFINITY) frame.readMs = oldest;
	if (about.skipped) frame.skipped = about.skipped;
	return JSON.stringify(frame);
}
