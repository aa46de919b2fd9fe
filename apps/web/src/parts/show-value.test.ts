import { expect, test } from "vitest";
import { formatValue } from "./format.ts";
import { showValue, trustOf, trustOfCode } from "./show-value.ts";
import { wordsIn } from "./words.ts";

const format = {
	value: (value: number, decimals?: number) => formatValue(value, "es", decimals),
	words: (words: string | Record<string, string> | undefined) => wordsIn(words, "es"),
};

test("a state is shown in words of the language, other numbers by their range", () => {
	expect(showValue(6, { states: { "6": { en: "Execute", es: "En marcha" } } }, format)).toBe("En marcha");
	expect(showValue(7, { kind: "integer", states: { "6": "Execute" } }, format)).toBe("7");
	expect(showValue(61.237, { range: [0, 100] }, format)).toBe("61,2");
	expect(showValue(61.237, { range: [0, 100], decimals: 2 }, format)).toBe("61,24");
	expect(showValue(null, {}, format)).toBe("–");
	expect(showValue("AX-17", {}, format)).toBe("AX-17");
});

test("quality says how far a value may be trusted, by name and by code alike", () => {
	expect(["good", "good:overridden", "uncertain:rate", "bad:stale", "anything"].map(trustOf)).toEqual([
		"good",
		"good",
		"uncertain",
		"bad",
		"bad",
	]);
	expect([0, 1, 0x43, 0x81].map(trustOfCode)).toEqual(["good", "good", "uncertain", "bad"]);
});
