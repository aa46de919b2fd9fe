import { decimalsFor } from "./format.ts";
import type { Format } from "./use-format.ts";

/** What decides how a tag's value is written. */
export interface Shown {
	decimals?: number | undefined;
	range?: readonly [number, number] | undefined;
	kind?: string | undefined;
	states?: Record<string, string | Record<string, string>> | undefined;
}

/** A tag's value as text: words for states, decimals by the tag or by its range, a dash for nothing. */
export function showValue(value: number | string | null, tag: Shown, format: Pick<Format, "value" | "words">): string {
	if (value === null) return "–";
	const worded = tag.states?.[String(value)];
	if (worded !== undefined) return format.words(worded);
	if (typeof value === "string") return value;
	if (tag.kind === "integer" || tag.kind === "boolean") return format.value(value, 0);
	return format.value(value, tag.decimals ?? (tag.range ? decimalsFor(tag.range[1] - tag.range[0]) : undefined));
}

export type Trust = "good" | "uncertain" | "bad";

export const trustOf = (quality: string): Trust =>
	quality.startsWith("good") ? "good" : quality.startsWith("uncertain") ? "uncertain" : "bad";

export const trustOfCode = (quality: number): Trust => (quality >= 0x80 ? "bad" : quality >= 0x40 ? "uncertain" : "good");
