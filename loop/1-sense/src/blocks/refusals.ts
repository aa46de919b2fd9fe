import type { Span } from "@millwright/core";
import { spanKey } from "./plan.ts";

/** How long a device's no is believed before it is asked again in the old way, ms. */
export const forgetAfter = 10 * 60_000;
const firstRetry = 10_000;

interface Guilty {
	reason: string;
	/** Steady ms at which it may be asked again. */
	askAt: number;
	wait: number;
}

/** What a device has refused, so that the next poll does not provoke the same refusal. */
export function createRefusals() {
	const guilty = new Map<string, Guilty>();
	const apart = new Map<string, number>();
	return {
		/** One span alone was refused. Asked again after 10 s, then ever more rarely, at last every 10 min. */
		blame(span: Span, reason: string, nowMs: number): void {
			const key = spanKey(span);
			const wait = Math.min(forgetAfter, (guilty.get(key)?.wait ?? firstRetry / 2) * 2);
			guilty.set(key, { reason, wait, askAt: nowMs + wait });
		},
		/** A join over this span's beginning was refused though no span alone is. */
		part(span: Span, nowMs: number): void {
			apart.set(spanKey(span), nowMs + forgetAfter);
		},
		/** It answers again. True when it had been refused. */
		absolve: (span: Span): boolean => guilty.delete(spanKey(span)),
		/** Lets old partings go; true when the plan has to be made anew. */
		forget(nowMs: number): boolean {
			let changed = false;
			for (const [key, until] of apart) {
				if (until > nowMs) continue;
				apart.delete(key);
				changed = true;
			}
			return changed;
		},
		isWaiting: (span: Span, nowMs: number): boolean => (guilty.get(spanKey(span))?.askAt ?? Number.NEGATIVE_INFINITY) > nowMs,
		/** The device's word about a span it refuses. */
		reasonOf: (span: Span): string | undefined => guilty.get(spanKey(span))?.reason,
		get alone(): ReadonlySet<string> {
			return new Set(guilty.keys());
		},
		get apart(): ReadonlySet<string> {
			return new Set(apart.keys());
		},
		get count(): number {
			return guilty.size + apart.size;
		},
	};
}
export type Refusals = ReturnType<typeof createRefusals>;
