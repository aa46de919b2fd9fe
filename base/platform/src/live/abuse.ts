import type { Clock } from "@millwright/core";

const windowMs = 10_000;
const mostRequests = 300;
/** Comparisons of filters with tags: about half a second of everybody's time. One subscription may always be made. */
const mostWork = 20_000_000;
const mostStrikes = 10;

/** How much a client asks and how much of it is rubbish, over the last ten seconds or so. */
export function createAbuseWatch(clock: Clock): {
	/** Counts a request and what it costs; false when there are too many, or they cost too much. */
	request(work?: number): boolean;
	/** Counts something wrong; false when patience is at an end. */
	strike(): boolean;
} {
	let since = clock.monotonicMs();
	let requests = 0;
	let work = 0;
	let strikes = 0;
	const turn = () => {
		const now = clock.monotonicMs();
		if (now - since < windowMs) return;
		since = now;
		requests = 0;
		work = 0;
		strikes = 0;
	};
	return {
		request(cost = 0) {
			turn();
			if (work > 0 && work + cost > mostWork) return false;
			work += cost;
			return ++requests <= mostRequests;
		},
		strike() {
			turn();
			return ++strikes <= mostStrikes;
		},
	};
}
