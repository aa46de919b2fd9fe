import type { NumberRange } from "@millwright/core";

/** What the main thread asks of the ring's worker. Everything of a `commit` becomes durable together or not at all. */
export type RingRequest =
	| {
			type: "commit";
			id: number;
			nowMs: number;
			batches: RingBatch[];
			/** What a fresh file cannot know of connections that were in the broken one before it. */
			carried: [connection: string, LaneCarry][];
			/** What each connection's consumer has stored: everything up to a number, and ranges beyond it. */
			acknowledged: [connection: string, through: number, apart: NumberRange[]][];
			counts: [connection: string, LaneCounts][];
			/** Count tables of tags, packed; replaces the connection's former one. */
			tagCounts: [connection: string, packed: Uint8Array, next: number][];
			longestOutageMs: number;
			keepMs: number;
			keepAcknowledgedMs: number;
			maxBytes: number;
	  }
	| { type: "read"; id: number; connection: string; from: number; through: number; maxBytes: number }
	/** Batches with numbers from `from` on that may hold source times in [fromMs, untilMs). */
	| { type: "scan"; id: number; connection: string; from: number; fromMs: number; untilMs: number; maxBytes: number }
	| { type: "close"; id: number };

export interface RingBatch {
	connection: string;
	first: number;
	last: number;
	/** Wall ms at which it was taken. */
	firstMs: number;
	/** Source times of its rows, ms, rounded away from each other; NaN when unknown or without rows. */
	oldestMs: number;
	newestMs: number;
	/** None: the numbers were given, and their rows lost before they could be written. */
	bytes: Uint8Array;
}

export interface LaneCarry {
	next: number;
	begin: number;
	acknowledged: number;
	apart: NumberRange[];
	goneThrough: number;
	expired: number;
}

/** Of one connection since counting began. With the rows numbered since: read + made = sent + filtered + rejected. */
export interface LaneCounts {
	read: number;
	filtered: number;
	rejected: number;
	/** Rows of the platform's own: marks of quality, summaries. */
	made: number;
}

export interface LaneState extends LaneCounts {
	connection: string;
	/** The number the next sample gets. */
	next: number;
	/** The number at which counting began: above 0 after a file was lost with its counts. */
	begin: number;
	/** Everything up to here is. */
	acknowledged: number;
	/** Acknowledged beyond that, ascending. */
	apart: NumberRange[];
	/** Numbers up to here fell out of the ring or were lost with a broken file. -1 when none. */
	goneThrough: number;
	/** Numbered samples that were gone before they were acknowledged, or before they could be written. */
	expired: number;
	/** Wall ms of the last commit. */
	committedMs: number;
	tagCounts?: { packed: Uint8Array; next: number };
}

export interface RingSize {
	/** Of the batches kept. */
	bytes: number;
	rows: number;
	/** Wall ms of the oldest batch kept; 0 when there is none. */
	oldestMs: number;
}

/** Rows in [from, through] that left the ring unacknowledged. */
export type Expired = [connection: string, from: number, through: number, count: number];

export type RingAnswer =
	| {
			type: "opened";
			lanes: LaneState[];
			sinceMs: number;
			longestOutageMs: number;
			size: RingSize;
			isNew: boolean;
			quarantined?: string;
	  }
	| { type: "committed"; id: number; expired: Expired[]; size: RingSize; ms: number }
	| { type: "failed"; id: number; code: "full" | "corrupt" | "other"; message: string; quarantined?: string }
	| { type: "rows"; id: number; batches: RingBatch[]; goneThrough: number }
	/** `next`: where the scan goes on; undefined at its end. */
	| { type: "scanned"; id: number; batches: RingBatch[]; next: number | undefined }
	| { type: "closed"; id: number };

export interface RingWorkerData {
	file: string;
	nowMs: number;
	/** The file never grows beyond this, whatever is asked of it. */
	hardBytes: number;
}

export interface RingSettings {
	/** How long batches are kept, ms. */
	keep: number;
	/** How long of that after they were taken, once they are acknowledged, ms. */
	keepAcknowledged: number;
	maxBytes: number;
	/** Least time from the beginning of one commit to the next, so that rows share one fsync; ms. */
	group: number;
}
