import type * as z from "zod";

/** What one field of a flat input holds, as text in a query string. */
export type FlatKind = "string" | "number" | "boolean";
export interface FlatField {
	kind: FlatKind;
	list: boolean;
}

interface Definition {
	type: string;
	innerType?: z.ZodType;
	element?: z.ZodType;
	in?: z.ZodType;
	options?: readonly z.ZodType[];
	values?: readonly unknown[];
	entries?: Record<string, unknown>;
	shape?: Record<string, z.ZodType>;
	catchall?: z.ZodType;
}

const definition = (schema: z.ZodType): Definition => schema.def as unknown as Definition;

function kindOfLiterals(values: readonly unknown[]): FlatKind | undefined {
	const kinds = new Set(values.map((value) => typeof value));
	const [only] = kinds;
	if (kinds.size !== 1 || (only !== "string" && only !== "number" && only !== "boolean")) return undefined;
	return only;
}

/** Looks through what does not change the text on the wire: defaults, optional, read-only, checks after the fact. */
function fieldOf(schema: z.ZodType): FlatField | undefined {
	const about = definition(schema);
	switch (about.type) {
		case "optional":
		case "default":
		case "prefault":
		case "readonly":
		case "nonoptional":
		case "catch":
			return about.innerType && fieldOf(about.innerType);
		case "pipe":
			return about.in && fieldOf(about.in);
		case "string":
		case "number":
		case "boolean":
			return { kind: about.type, list: false };
		case "enum": {
			const kind = kindOfLiterals(Object.values(about.entries ?? {}));
			return kind && { kind, list: false };
		}
		case "literal": {
			const kind = kindOfLiterals(about.values ?? []);
			return kind && { kind, list: false };
		}
		case "array": {
			const element = about.element && fieldOf(about.element);
			return element && !element.list && !mayBeAbsent(about.element as z.ZodType)
				? { kind: element.kind, list: true }
				: undefined;
		}
		case "union": {
			const options = (about.options ?? []).map(fieldOf);
			const first = options[0];
			return first && options.every((option) => option?.kind === first.kind && option.list === first.list) ? first : undefined;
		}
		default:
			return undefined;
	}
}

const mayBeAbsent = (schema: z.ZodType): boolean =>
	["optional", "default", "prefault", "catch"].includes(definition(schema).type);

const known = new WeakMap<z.ZodType, ReadonlyMap<string, FlatField> | null>();

/**
 * The fields of an object made only of primitives and lists of primitives, by name; undefined where the input is
 * anything else (nested, nullable, a union of unlike things), which a query string cannot say without guessing.
 */
export function flatFields(input: z.ZodType): ReadonlyMap<string, FlatField> | undefined {
	let fields = known.get(input);
	if (fields === undefined) {
		fields = look(input);
		known.set(input, fields);
	}
	return fields ?? undefined;
}

function look(input: z.ZodType): ReadonlyMap<string, FlatField> | null {
	const about = definition(input);
	if (about.type !== "object" || !about.shape) return null;
	if (about.catchall && definition(about.catchall).type !== "never") return null;
	const fields = new Map<string, FlatField>();
	for (const [name, schema] of Object.entries(about.shape)) {
		const field = fieldOf(schema);
		if (!field) return null;
		fields.set(name, field);
	}
	return fields;
}
