import type { ServerResponse } from "node:http";
import { MillwrightError } from "@millwright/core";

/** Bytes of answers that one caller has asked for and not yet taken. */
const mostEach = 134_217_728;
const most = 536_870_912;

/** Answers that wait in memory for slow readers: whoever leaves too much of them untaken is given no more. */
export function createUnsent(limits: { each: number; all: number } = { each: mostEach, all: most }): {
	/** Throws while too much waits. */
	check(who: string): void;
	add(who: string, bytes: number, response: ServerResponse): void;
} {
	const byCaller = new Map<string, number>();
	let all = 0;
	const count = (who: string, bytes: number) => {
		all += bytes;
		const now = (byCaller.get(who) ?? 0) + bytes;
		if (now > 0) byCaller.set(who, now);
		else byCaller.delete(who);
	};
	return {
		check(who) {
			if ((byCaller.get(who) ?? 0) < limits.each && all < limits.all) return;
			throw new MillwrightError("platform.too-much-unread", "Earlier answers have not been read yet", {
				kind: "busy",
				hint: "Read what was answered, then ask again; ask for less at once.",
			});
		},
		add(who, bytes, response) {
			if (response.writableFinished || response.destroyed) return;
			count(who, bytes);
			response.once("close", () => count(who, -bytes));
		},
	};
}
