import { existsSync } from "node:fs";
import { isoFromNanos, MillwrightError, nanosFromMs } from "@millwright/core";
import { breakBetween, type Head, noEntry, readLine } from "./chain.ts";
import { linesOf } from "./lines.ts";

export interface Verdict {
	whole: boolean;
	/** That follow from each other, from the first one on. */
	entries: number;
	/** Hash of the last of them. */
	head: string;
	/** Number of the first entry that is missing or does not fit. */
	brokenAt?: number;
	reason?: string;
}

/** What the chain was known to hold once, noted outside the file. */
export interface Anchor extends Head {
	atMs: number;
	/** The first entry found missing, where the anchor was lost. */
	lostFrom?: number;
}

/**
 * Walks the chain in constant memory. Anchors find what the file alone cannot show: that its end was cut off.
 * `until` bounds the bytes to read, for a file that grows meanwhile.
 */
export async function verifyAuditFile(
	file: string,
	{ anchors = [], until, signal }: { anchors?: readonly Anchor[]; until?: number; signal?: AbortSignal } = {},
): Promise<Verdict> {
	if (!existsSync(file))
		throw new MillwrightError("audit.file-missing", "There is no audit log", {
			kind: "missing",
			place: file,
			hint: "Look for audit.jsonl in the data folder.",
		});
	let head = noEntry;
	const hashes = new Map<number, string>(anchors.map(({ number }) => [number, ""]));
	const broken = (reason: string): Verdict => ({
		whole: false,
		entries: head.number,
		head: head.hash,
		brokenAt: head.number + 1,
		reason,
	});

	for await (const { bytes, isWhole } of linesOf(file, { until })) {
		signal?.throwIfAborted();
		if (!isWhole)
			return broken(
				"The last line is not finished: a crash while writing (the next start sets it aside), or an entry being written now (try again)",
			);
		const entry = readLine(bytes);
		if ("reason" in entry) return broken(entry.reason);
		const reason = breakBetween(head, entry);
		if (reason !== undefined) return broken(reason);
		head = { number: entry.number, hash: entry.hash };
		if (hashes.has(head.number)) hashes.set(head.number, head.hash);
	}

	const lost = anchors
		.filter(({ number, hash }) => hashes.get(number) !== hash)
		.sort((a, b) => brokenFrom(a, head) - brokenFrom(b, head))[0];
	if (!lost) return { whole: true, entries: head.number, head: head.hash };
	return {
		whole: false,
		entries: head.number,
		head: head.hash,
		brokenAt: brokenFrom(lost, head),
		reason: `Entries were cut off or written anew: on ${isoFromNanos(nanosFromMs(lost.atMs), 0)} the chain reached ${lost.number} with hash ${lost.hash}`,
	};
}

const brokenFrom = (anchor: Anchor, head: Head): number => anchor.lostFrom ?? Math.min(anchor.number, head.number + 1);
