import { type Call, MillwrightError } from "@millwright/core";

export interface Room {
	/** Runs work that will hold so many rows when there is room for them; in order of asking. */
	hold<T>(rows: number, call: Call | undefined, work: () => Promise<T>): Promise<T>;
}

/**
 * Memory for answers, counted in rows: many big questions at once wait for each other instead of filling it, and nobody may
 * have more than `each` of them waiting.
 */
export function createRoom({ rows: most, each }: { rows: number; each: number }): Room {
	let held = 0;
	const waiting: { rows: number; who: string; enter(): void }[] = [];

	function admit(): void {
		for (let next = waiting[0]; next && (held === 0 || held + next.rows <= most); next = waiting[0]) {
			waiting.shift();
			held += next.rows;
			next.enter();
		}
	}

	return {
		async hold(rows, call, work) {
			const who = call?.principal.id ?? "";
			if (waiting.filter((other) => other.who === who).length >= each)
				throw new MillwrightError("history.busy", `${each} questions of yours are already waiting`, {
					kind: "busy",
					hint: "Ask again in a moment, or for fewer samples at once; an export takes them all.",
				});
			await new Promise<void>((resolve) => {
				waiting.push({ rows, who, enter: resolve });
				admit();
			});
			try {
				if (call?.signal?.aborted)
					throw new MillwrightError("history.cancelled", "The question was taken back before it was answered", {
						kind: "input",
						cause: call.signal.reason,
					});
				return await work();
			} finally {
				held -= rows;
				admit();
			}
		},
	};
}
