/**
 * The conversation on the WebSocket at /api/live: JSON text frames, one object each, `t` says which.
 * Values are coalesced: a frame carries the newest value of each tag that changed since the last frame.
 */
export type LiveRequest =
	/** Tags by full name, or by filter with + and #; answered by `tags`, then a frame with what is known now. */
	| { t: "subscribe"; id: number; tags: string[] }
	| { t: "unsubscribe"; id: number }
	/** Events by name, "twin.limit-raised", or all of a step, "twin.*"; replaces the earlier list. */
	| { t: "events"; names: string[] }
	| { t: "ping"; at: number };

export type LiveMessage =
	| { t: "hello"; version: string; serverMs: number; frameMs: number }
	/** Which handle stands for which tag; tags the person may not see are left out. Sent again when a filter finds new ones. */
	| { t: "tags"; id: number; names: string[]; handles: number[]; refused: string[] }
	| LiveFrame
	| { t: "event"; name: string; data: unknown }
	| { t: "pong"; at: number; serverMs: number }
	| { t: "error"; id?: number; code: string; message: string; hint?: string };

export interface LiveFrame {
	t: "values";
	/** Server's wall clock when the frame left. */
	serverMs: number;
	/** Wall ms at which the driver had the oldest value in the frame; 0 when unknown. */
	readMs: number;
	handles: number[];
	/** Source times, ms since 1970 with µs in the fraction. */
	times: number[];
	values: (number | string | null)[];
	quality: number[];
	/** Values overtaken by newer ones since the last frame because this client or its line is slow. */
	skipped?: number;
}
