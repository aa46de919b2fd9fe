import type { RingLink } from "./link.ts";
import type { RingAnswer, RingBatch, RingRequest } from "./messages.ts";

type Unnumbered<R> = R extends RingRequest ? Omit<R, "id"> : never;

/** Questions to the ring's file. */
export function createReading({
	link,
	putAside,
}: {
	link: () => RingLink | undefined;
	/** The file turned out to be broken when it was read; a fresh one is in use. */
	putAside(aside: string): void;
}) {
	async function ask<T extends RingAnswer["type"]>(
		wanted: T,
		request: Unnumbered<RingRequest>,
	): Promise<Extract<RingAnswer, { type: T }>> {
		const answer = await (link()?.ask(request) ?? Promise.reject(new Error("the ring is closed")));
		if (answer.type === "failed" && answer.quarantined !== undefined) putAside(answer.quarantined);
		if (answer.type !== wanted) throw new Error(answer.type === "failed" ? answer.message : "the ring gave another answer");
		return answer as Extract<RingAnswer, { type: T }>;
	}
	return {
		/** Batches that hold numbers in [from, through], in order; those of the first `maxBytes`, one at least. */
		read: (connection: string, from: number, through: number, maxBytes: number): Promise<{ batches: RingBatch[] }> =>
			ask("rows", { type: "read", connection, from, through, maxBytes }),
		/** Batches with numbers from `from` on that may hold source times in [fromMs, untilMs), and where to go on. */
		scan: (about: {
			connection: string;
			from: number;
			fromMs: number;
			untilMs: number;
			maxBytes: number;
		}): Promise<{ batches: RingBatch[]; next: number | undefined }> => ask("scanned", { type: "scan", ...about }),
	};
}
export type Reading = ReturnType<typeof createReading>;
