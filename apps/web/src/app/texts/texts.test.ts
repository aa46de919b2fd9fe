import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { accessApi } from "@millwright/access/api";
import { auditApi } from "@millwright/audit/api";
import { qualityName, Role } from "@millwright/core";
import { historyApi } from "@millwright/history/api";
import { namespaceApi } from "@millwright/namespace/api";
import { platformApi } from "@millwright/platform/api";
import { ConnectionState, senseApi } from "@millwright/sense/api";
import { Condition, LimitLevel, Stage, twinApi } from "@millwright/twin/api";
import { expect, test } from "vitest";
import firstTexts from "./en/first.ts";
import en from "./en.ts";
import es from "./es.ts";

interface Texts {
	[key: string]: string | Texts;
}

const flat = (texts: Texts, before = ""): Map<string, string> =>
	new Map(
		Object.entries(texts).flatMap(([key, value]) =>
			typeof value === "string" ? [[`${before}${key}`, value] as const] : [...flat(value, `${before}${key}.`)],
		),
	);

const texts = { en: flat(en), es: flat(es) };
const plural = /_(?:zero|one|two|few|many|other)$/;
const base = (keys: Iterable<string>): Set<string> => new Set([...keys].map((key) => key.replace(plural, "")));
/** Explanations of a driver's fields stand in the driver in English. */
const own = (key: string): boolean => key.startsWith("fieldHint.");

const source = join(import.meta.dirname, "..", "..");
const codeOf = (folder: string): string =>
	readdirSync(join(source, folder), { recursive: true, encoding: "utf8" })
		.filter((file) => /\.tsx?$/.test(file) && !file.includes(".test.") && !file.includes("texts"))
		.map((file) => readFileSync(join(source, folder, file), "utf8"))
		.join("\n");
const askedIn = (code: string): string[] => [...code.matchAll(/\bt\(\s*"([\w.-]+)"/g)].map((match) => match[1] as string);

test("both languages have the same texts", () => {
	expect([...base(texts.es.keys())].filter((key) => !own(key)).sort()).toEqual([...base(texts.en.keys())].sort());
});

test("every plural has the forms its language needs", () => {
	for (const [language, known] of Object.entries(texts)) {
		const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
		for (const key of known.keys()) {
			if (!key.endsWith("_other")) continue;
			for (const form of forms) expect(known.has(key.replace(/_other$/, `_${form}`)), `${language} ${key} ${form}`).toBe(true);
		}
	}
});

test("a translation fills in the same values as the original", () => {
	const places = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] as string).sort();
	for (const [key, text] of texts.en) {
		const other = texts.es.get(key);
		if (other !== undefined && !key.endsWith("_one")) expect(places(other), key).toEqual(places(text));
	}
});

test("every text the pages ask for by name exists", () => {
	const asked = askedIn(codeOf("."));
	expect(asked.length).toBeGreaterThan(200);
	const known = base(texts.en.keys());
	expect(asked.filter((key) => !known.has(key))).toEqual([]);
});

test("the door, the frame and the overview do with the texts that are loaded first", () => {
	const known = base(flat(firstTexts).keys());
	const asked = ["app", "pages/overview", "pages/sign-in"].flatMap((folder) => askedIn(codeOf(folder)));
	expect(asked.length).toBeGreaterThan(60);
	expect(asked.filter((key) => !known.has(key))).toEqual([]);
});

test("whatever the contracts can say has words", () => {
	const apis = {
		access: accessApi,
		audit: auditApi,
		history: historyApi,
		namespace: namespaceApi,
		platform: platformApi,
		sense: senseApi,
		twin: twinApi,
	};
	const restricted = Object.entries(apis).flatMap(([step, api]) =>
		Object.entries(api)
			.filter(([, operation]) => Array.isArray(operation.allow) || operation.effect === "write")
			.map(([name]) => `deed.${step}-${name}`),
	);
	const qualities = Array.from({ length: 256 }, (_, quality) => `quality.${qualityName(quality).replace(":", "-")}`);
	const needed = [
		...restricted,
		...new Set(qualities),
		...Role.options.map((role) => `role.${role}`),
		...ConnectionState.options.map((state) => `connectionState.${state}`),
		...Condition.options.map((condition) => `condition.${condition}`),
		...LimitLevel.options.flatMap((level) => [`limit.${level}`, `limitName.${level}`]),
		...Stage.shape.stage.options.map((stage) => `budget.stages.${stage}`),
	];
	expect(needed.filter((key) => !texts.en.has(key))).toEqual([]);
});
