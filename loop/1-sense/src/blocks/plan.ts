import type { Span } from "@millwright/core";

/** One request: a stretch of units and the wanted spans within it, by their index. */
export interface Block extends Span {
	items: number[];
}

export interface BlockRules {
	/** Units a request may carry in a space. */
	maxLength: (space: string) => number;
	/** Unused units read along to save a request. */
	maxGap: number;
	forbidden: readonly Span[];
	oneByOne: boolean;
	/** Spans the device refuses: no other block may touch their units. By `spanKey`. */
	alone?: ReadonlySet<string>;
	/** Spans that begin a block of their own because a join over them was refused. By `spanKey`. */
	apart?: ReadonlySet<string>;
}

export interface BlockPlan {
	blocks: Block[];
	/** Spans that no request may fetch, and why. */
	impossible: { item: number; reason: string }[];
}

export const spanKey = ({ space, start, length }: Span): string => `${space}:${start}:${length}`;

const overlaps = (a: Span, b: Span): boolean =>
	a.space === b.space && a.start < b.start + b.length && b.start < a.start + a.length;

/** Joins neighbours into as few requests as the rules allow. Every span is in exactly one block, or impossible. */
export function planBlocks(spans: readonly Span[], rules: BlockRules): BlockPlan {
	const impossible: BlockPlan["impossible"] = [];
	const wanted: number[] = [];
	for (const [item, span] of spans.entries()) {
		const most = rules.maxLength(span.space);
		const banned = rules.forbidden.find((other) => overlaps(span, other));
		if (banned)
			impossible.push({
				item,
				reason: `it lies in the forbidden range ${banned.space} ${banned.start} to ${banned.start + banned.length - 1}`,
			});
		else if (span.length > most) impossible.push({ item, reason: `it takes ${span.length} units and a request carries ${most}` });
		else wanted.push(item);
	}
	const at = (item: number): Span => spans[item] as Span;
	const isAlone = (item: number): boolean => rules.oneByOne || rules.alone?.has(spanKey(at(item))) === true;
	wanted.sort((a, b) => {
		const [x, y] = [at(a), at(b)];
		return x.space < y.space ? -1 : x.space > y.space ? 1 : x.start - y.start || x.length - y.length;
	});
	const walls = [...rules.forbidden, ...wanted.filter((item) => rules.alone?.has(spanKey(at(item)))).map(at)];
	const blocks: Block[] = [];
	const alone = new Map<string, Block>();
	let block: Block | undefined;
	for (const item of wanted) {
		const span = at(item);
		if (isAlone(item)) {
			// Two tags on the very same span are one question.
			const known = alone.get(spanKey(span));
			if (known && !rules.oneByOne) known.items.push(item);
			else {
				const single = { ...span, items: [item] };
				alone.set(spanKey(span), single);
				blocks.push(single);
			}
			continue;
		}
		if (block && fits(block, span, rules, walls)) {
			block.length = Math.max(block.length, span.start + span.length - block.start);
			block.items.push(item);
			continue;
		}
		block = { ...span, items: [item] };
		blocks.push(block);
	}
	return { blocks, impossible };
}

function fits(block: Block, span: Span, rules: BlockRules, walls: readonly Span[]): boolean {
	if (block.space !== span.space) return false;
	const end = block.start + block.length;
	const isSame = span.start === block.start && span.length === block.length;
	if (!isSame && rules.apart?.has(spanKey(span))) return false;
	if (span.start > end + rules.maxGap) return false;
	const joined = {
		space: block.space,
		start: block.start,
		length: Math.max(block.length, span.start + span.length - block.start),
	};
	return joined.length <= rules.maxLength(block.space) && !walls.some((wall) => overlaps(joined, wall));
}

/** The stretch a part of a block's spans takes. */
export function blockOf(spans: readonly Span[], items: readonly number[]): Block {
	const first = spans[items[0] as number] as Span;
	let end = 0;
	let start = Number.POSITIVE_INFINITY;
	for (const item of items) {
		const span = spans[item] as Span;
		start = Math.min(start, span.start);
		end = Math.max(end, span.start + span.length);
	}
	return { space: first.space, start, length: end - start, items: [...items] };
}
