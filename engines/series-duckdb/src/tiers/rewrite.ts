import type { Moving } from "./mover.ts";
import type { Lease, Segment, Segments } from "./segments.ts";
import { rowsOf } from "./walk.ts";
import { type NewSegment, writeSegment } from "./write-day.ts";

const beginning = -(2n ** 63n);
const end = 2n ** 63n;

/** All tags with rows in these files, ascending. */
async function tagsIn({ segments, breathe }: Moving, of: readonly Segment[]): Promise<number[]> {
	const tags = new Set<number>();
	for (const segment of of) {
		const { index } = segments.reader(segment);
		for (let block = 0; block < index.length; block++) {
			const first = index.firstTag(block);
			tags.add(first);
			if (first !== index.lastTag(block)) for (const tag of segments.read(segment, block).tags ?? []) tags.add(tag);
			await breathe();
		}
	}
	return [...tags].sort((a, b) => a - b);
}

/** The rows of some files of one day as one new file; `keepFrom` leaves out what is older, by tag. */
export async function rewrite(
	moving: Moving,
	from: readonly Segment[],
	into: Omit<NewSegment, "day" | "withTexts" | "replaces">,
	keepFrom: (tag: number) => bigint = () => beginning,
): Promise<Segment | undefined> {
	const { segments, breathe } = moving;
	const day = (from[0] as Segment).day;
	const lease: Lease = { days: [day], on: () => from, all: from, release() {} };
	const withTexts = from.some(({ texts }) => texts);
	const tags = await tagsIn(moving, from);
	return writeSegment(segments, { ...into, day, withTexts, replaces: from }, async (writer) => {
		for (const tag of tags)
			for (const rows of rowsOf({ segments, lease, hot: new Map() }, tag, keepFrom(tag), end)) {
				writer.add(tag, rows);
				await breathe();
			}
	});
}

/** Commits a file in place of others. */
export async function exchange(moving: Moving, gone: readonly Segment[], come: Segment | undefined): Promise<void> {
	const coming = come ? [come] : [];
	try {
		await moving.connection.run("BEGIN");
		await moving.commit({ gone, come: coming });
	} catch (thrown) {
		discardNew(moving.segments, gone, coming);
		throw thrown;
	}
}

function discardNew(segments: Segments, gone: readonly Segment[], come: readonly Segment[]): void {
	const kept = new Set(gone.map(({ file }) => file));
	segments.discard(come.filter(({ file }) => !kept.has(file)));
}
