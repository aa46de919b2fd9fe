import type { NumberRange, SeriesEngine } from "@millwright/core";
import { expect, test } from "vitest";
import { integrityOf } from "./integrity.ts";

const engineWith = (stored: Record<string, NumberRange[]>): SeriesEngine =>
	({ connections: () => Object.keys(stored), storedRanges: (name: string) => stored[name] ?? [] }) as unknown as SeriesEngine;

test("missing numbers are the holes between what is stored", () => {
	const [press] = integrityOf(
		engineWith({
			press: [
				{ first: 0, last: 9 },
				{ first: 12, last: 20 },
			],
		}),
		() => 3,
	);
	expect(press).toEqual({
		connection: "press",
		derived: false,
		first: 0,
		last: 20,
		stored: 19,
		missing: 2,
		holes: [{ first: 10, last: 11 }],
		duplicates: 3,
	});
});

test("what is computed has no numbers of its own to miss, and what came as a summary is not missing", () => {
	const found = integrityOf(
		engineWith({
			"twin:press": [
				{ first: 0, last: 3 },
				{ first: 8, last: 9 },
			],
			"line-1/press": [
				{ first: 0, last: 9 },
				{ first: 40, last: 49 },
			],
			"line-1/summary:press": [{ first: 10, last: 45 }],
		}),
		() => 0,
	);
	expect(found.map(({ connection, derived, missing }) => [connection, derived, missing])).toEqual([
		["line-1/press", false, 0],
		["line-1/summary:press", true, 0],
		["twin:press", true, 0],
	]);
});
