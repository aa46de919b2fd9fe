import { createHash } from "node:crypto";
import type { Sample } from "@millwright/core";

const longText = 64;

/**
 * Which documents of clients have come before, over all topics and the last so many. QoS 1 is "at least once", and whoever
 * was cut off sends again from where it is sure. A new start of a device counts its numbers from 0 again, so the number
 * alone says nothing: the same number, time, value and quality do.
 */
export function createRepeats({ most = 100_000 }: { most?: number } = {}) {
	const seen = new Set<string>();
	return {
		/** Under which name it is remembered from now on; undefined when it has come before. */
		note({ tag, time, value, quality }: Sample, sequence: number | undefined): string | undefined {
			const key = `${tag} ${sequence ?? ""} ${time} ${quality} ${typeof value} ${short(String(value))}`;
			if (seen.has(key)) return undefined;
			seen.add(key);
			if (seen.size > most) seen.delete(seen.values().next().value as string);
			return key;
		},
		/** It could not be stored: when it comes again it is new. */
		forget(key: string): void {
			seen.delete(key);
		},
	};
}

const short = (text: string): string => (text.length > longText ? createHash("sha256").update(text).digest("base64") : text);
