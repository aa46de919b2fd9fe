import type * as z from "zod";
import { MillwrightError } from "../errors.ts";
import { type FlatField, flatFields } from "./flat-input.ts";

/** A list with nothing in it is said by its name with brackets: `tags[]`; left out means "take the default". */
const emptyList = "[]";
const numberPattern = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function fieldsOf(schema: z.ZodType): ReadonlyMap<string, FlatField> {
	const fields = flatFields(schema);
	if (!fields) throw new MillwrightError("core.input-not-flat", "This input does not fit a query string; send it as JSON");
	return fields;
}

/** A flat input as a query string without the question mark; undefined fields are left out, lists repeat their key. */
export function encodeQuery(schema: z.ZodType, input: Record<string, unknown>): string {
	const query = new URLSearchParams();
	for (const [name, field] of fieldsOf(schema)) {
		const value = input[name];
		if (value === undefined) continue;
		if (!field.list) query.append(name, String(value));
		else if (!Array.isArray(value)) query.append(name, String(value));
		else if (value.length === 0) query.append(name + emptyList, "");
		else for (const element of value) query.append(name, String(element));
	}
	return query.toString();
}

function parse(text: string, field: FlatField, name: string, code: string): string | number | boolean {
	if (field.kind === "string") return text;
	if (field.kind === "boolean") {
		if (text === "true") return true;
		if (text === "false") return false;
		throw wrong(code, name, `"${short(text)}" is neither true nor false`, `Write ${name}=true or ${name}=false.`);
	}
	const value = numberPattern.test(text) ? Number(text) : Number.NaN;
	if (!Number.isFinite(value))
		throw wrong(code, name, `"${short(text)}" is not a number`, `Write a plain number such as ${name}=12.5.`);
	return value;
}

const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
const wrong = (code: string, place: string, message: string, hint: string): MillwrightError =>
	new MillwrightError(code, message, { kind: "input", place, hint });

/**
 * A query string back into the input, typed by the schema but not yet checked by it. Keys the schema does not know are
 * refused, so that a misspelt parameter is noticed instead of ignored.
 */
export function decodeQuery(schema: z.ZodType, query: string, code = "core.input-invalid"): Record<string, unknown> {
	const fields = fieldsOf(schema);
	const input: [string, unknown][] = [];
	const search = new URLSearchParams(query);
	for (const key of new Set(search.keys())) {
		const field = fields.get(key);
		const texts = search.getAll(key);
		if (field?.list) {
			input.push([key, texts.map((text, i) => parse(text, field, `${key}[${i}]`, code))]);
			continue;
		}
		if (!field) {
			const list = key.endsWith(emptyList) ? fields.get(key.slice(0, -emptyList.length)) : undefined;
			if (list?.list) {
				if (!search.has(key.slice(0, -emptyList.length))) input.push([key.slice(0, -emptyList.length), []]);
				continue;
			}
			const names = [...fields.keys()].join(", ");
			throw wrong(
				code,
				short(key),
				`"${short(key)}" is not a parameter here`,
				names ? `There are: ${names}.` : "There are none.",
			);
		}
		if (texts.length > 1) throw wrong(code, key, `"${key}" is given ${texts.length} times`, "Give it once.");
		input.push([key, parse(texts[0] as string, field, key, code)]);
	}
	return Object.fromEntries(input);
}
