import { expect } from "vitest";
import type { Outcome } from "./outcome.ts";

/** Sent = stored, none twice, in order, the process up. */
export function expectEven({ lost, duplicated, reordered, crashed }: Outcome): void {
	expect({ lost, duplicated, reordered, crashed }).toEqual({ lost: 0, duplicated: 0, reordered: 0, crashed: 0 });
}
