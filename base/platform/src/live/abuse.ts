import type { Clock } from "@millwright/core";

const windowMs = 10_000;
const mostRequests = 300;
const mostStrikes = 10;

/** How much a client asks and how much of it is rubbish, over the last ten seconds or so. */
export function createAbuseWatch(clock: Clock): {
	/** Counts a request; false when there are too many. */
	request(): boolean;
	/** Counts something wrong; false when patience is at an end. */
	strike(): boolean;
} {
	let since = clock.monotonicMs();
	let requests = 0;
	let strikes = 0;
	const turn = () => {
		const now = clock.monotonicMs();
		if (now - since < windowMs) return;
		since = now;
		requests = 0;
		strikes = 0;
	};
	return {
		request() {
			turn();
			return ++requests <= mostRequests;
		},
		strike() {
			turn();
			return ++strikes <= mostStrikes;
		},
	};
}
