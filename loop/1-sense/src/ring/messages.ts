/** What the main thread asks of the ring's worker. Everything of a `commit` becomes durable together or not at all. */
export type RingRequest =
	| {
			type: "commit";
			id: number;
			nowMs: number;
			batches: RingBatch[];
			/** Highest number each connection's consumer has stored. */
			acknowledged: [connection: string, through: number][];
			counts: [connection: string, LaneCounts][];
			/** Count tables of tags, packed; replaces the connection's former one. */
			tagCounts: [connection: string, packed: Uint8Array, next: number][];
			longestOutageMs: number;
			keepMs: number;
			maxBytes: number;
	  }
	| { type: "read"; id: number; connection: string; from: number; through: number; maxBytes: number }
	| { type: "close"; id: number };

export interface RingBatch {
	connection: string;
	first: number;
	last: number;
	/** Wall ms at which it was taken. */
	firstMs: number;
	bytes: Uint8Array;
}

/** Of one connection since the first start of the data folder. */
export interface LaneCounts {
	read: number;
	filtered: number;
	rejected: number;
	/** Lost before they could be made durable: the disk was full for longer than memory reached. */
	overflowed: number;
}

export interface LaneState extends LaneCounts {
	connection: string;
	/** The number the next sample gets. */
	next: number;
	acknowledged: number;
	/** Numbers up to here fell out of the ring or were lost with a broken file. -1 when none. */
	goneThrough: number;
	/** Numbered samples that were gone before they were acknowledged. */
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

export type RingAnswer =
	| { type: "opened"; lanes: LaneState[]; sinceMs: number; longestOutageMs: number; size: RingSize; quarantined?: string }
	| { type: "committed"; id: number; expired: [connection: string, through: number, count: number][]; size: RingSize; ms: number }
	| { type: "failed"; id: number; code: "full" | "corrupt" | "other"; message: string; quarantined?: string }
	| { type: "rows"; id: number; batches: RingBatch[]; goneThrough: number }
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
	maxBytes: number;
	/** Longest wait to share one fsync, ms. */
	group: number;
}
