import { type BlockSession, type Clock, DeviceRefusal, type Driver, Quality, type Span } from "@millwright/core";
import type { ConnectionSettings } from "../api.ts";
import { type Block, blockOf, planBlocks, spanKey } from "../blocks/plan.ts";
import type { Refusals } from "../blocks/refusals.ts";
import type { Request } from "./requests.ts";
import type { Intake, TagState } from "./tag-state.ts";

/** Longest request where neither driver nor configuration says: small enough for anything. */
const cautiousLength = 64;

type Outcome = "answered" | "refused" | "failed";

/** Reads tags of one pace from a machine with linear memory, in as few requests as it tolerates. */
export function createBlockPoll({
	tags,
	driver,
	session,
	settings,
	refusals,
	request,
	intake,
	qualityAt,
	clock,
}: {
	tags: readonly TagState[];
	driver: Driver;
	session: BlockSession<unknown>;
	settings: ConnectionSettings["blocks"];
	/** Outlives the session: a device that comes back still refuses the same. */
	refusals: Refusals;
	request: Request;
	intake: Intake;
	/** Of a value read now, by what is known of the clock. */
	qualityAt(ms: number): Quality;
	clock: Clock;
}): () => Promise<void> {
	const spans = tags.map((tag) => driver.span?.(tag.address) ?? { space: "", start: 0, length: 0 });
	const limit = driver.limits?.maxLength;
	const maxLength = (space: string): number => {
		const own = typeof limit === "number" ? limit : (limit?.[space] ?? cautiousLength);
		return Math.min(own, settings.maxLength ?? own);
	};
	let blocks: Block[] = [];
	let mustPlan = true;

	function plan(): void {
		mustPlan = false;
		const { forbidden, maxGap, oneByOne } = settings;
		const made = planBlocks(spans, { maxLength, maxGap, forbidden, oneByOne, alone: refusals.alone, apart: refusals.apart });
		blocks = made.blocks;
		const now = clock.now();
		for (const [item, span] of spans.entries()) {
			// Known from an earlier session, and not asked again yet.
			const reason = refusals.isWaiting(span, clock.monotonicMs()) ? refusals.reasonOf(span) : undefined;
			if (reason !== undefined) intake.mark(tags[item] as TagState, now, Number(now) / 1e6, Quality.badDevice, reason);
		}
		for (const { item, reason } of made.impossible)
			intake.mark(tags[item] as TagState, now, Number(now) / 1e6, Quality.badConfiguration, `Not read: ${reason}`);
	}

	const kinds = (items: readonly number[]): number => new Set(items.map((item) => spanKey(spans[item] as Span))).size;

	async function read(block: Block): Promise<Outcome> {
		let bytes: Uint8Array;
		try {
			bytes = await request((signal) =>
				session.readBlock({ space: block.space, start: block.start, length: block.length }, signal),
			);
		} catch (error) {
			if (!(error instanceof DeviceRefusal)) return "failed";
			return kinds(block.items) > 1 ? split(block) : blame(block, error.reason);
		}
		take(block, bytes);
		if (kinds(block.items) === 1 && refusals.absolve(spans[block.items[0] as number] as Span)) mustPlan = true;
		return "answered";
	}

	/** The device does not want this stretch: halve it until the span that is to blame stands alone. */
	async function split(block: Block): Promise<Outcome> {
		mustPlan = true;
		// Spans that are the same stay together.
		let middle = block.items.length >> 1;
		const key = (at: number) => spanKey(spans[block.items[at] as number] as Span);
		while (middle < block.items.length && key(middle) === key(middle - 1)) middle++;
		if (middle === block.items.length) {
			middle = block.items.length >> 1;
			while (middle > 0 && key(middle) === key(middle - 1)) middle--;
		}
		const right = block.items.slice(middle);
		const first = await read(blockOf(spans, block.items.slice(0, middle)));
		const second = await read(blockOf(spans, right));
		if (first === "answered" && second === "answered") refusals.part(spans[right[0] as number] as Span, clock.monotonicMs());
		return first === "failed" || second === "failed" ? "failed" : "refused";
	}

	function blame(block: Block, reason: string): Outcome {
		const span = spans[block.items[0] as number] as Span;
		if (!refusals.alone.has(spanKey(span))) mustPlan = true;
		refusals.blame(span, reason, clock.monotonicMs());
		const now = clock.now();
		for (const item of block.items)
			intake.take(tags[item] as TagState, null, now, Number(now) / 1e6, Quality.badDevice, reason, clock.monotonicMs());
		return "refused";
	}

	function take(block: Block, bytes: Uint8Array): void {
		const now = clock.now();
		const ms = Number(now) / 1e6;
		const steady = clock.monotonicMs();
		const width = bytes.length / block.length;
		const quality = qualityAt(ms);
		const reason = quality === Quality.good ? undefined : "The clock of this machine was set back";
		intake.readAt(ms);
		for (const item of block.items) {
			const tag = tags[item] as TagState;
			const { start, length } = spans[item] as Span;
			if (!Number.isInteger(width) || width === 0) {
				intake.take(
					tag,
					null,
					now,
					ms,
					Quality.badDevice,
					`The answer has ${bytes.length} bytes for ${block.length} units`,
					steady,
				);
				continue;
			}
			const from = (start - block.start) * width;
			try {
				const value = driver.decode?.(tag.address, bytes.subarray(from, from + length * width)) ?? null;
				intake.take(tag, value, now, ms, quality, reason, steady);
			} catch (thrown) {
				intake.take(tag, null, now, ms, Quality.badType, thrown instanceof Error ? thrown.message : String(thrown), steady);
			}
		}
	}

	return async () => {
		const steady = clock.monotonicMs();
		if (refusals.forget(steady) || mustPlan) plan();
		const due = blocks.filter(
			(block) => block.items.length === 0 || !refusals.isWaiting(spans[block.items[0] as number] as Span, steady),
		);
		await Promise.all(due.map(read));
		if (mustPlan) plan();
	};
}
