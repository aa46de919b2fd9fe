/** One input of a form, read from a JSON Schema 2020-12 property. */
export interface Field {
	name: string;
	kind: "text" | "number" | "integer" | "choice" | "switch" | "secret";
	required: boolean;
	/** What the field means when left empty, as text. */
	fallback: string | undefined;
	description: string | undefined;
	example: string | undefined;
	choices: string[];
	min: number | undefined;
	max: number | undefined;
}

type Schema = Record<string, unknown>;

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null && !Array.isArray(value);

const typesOf = (schema: Schema): string[] => {
	if (typeof schema.type === "string") return [schema.type];
	if (Array.isArray(schema.type)) return schema.type.filter((type): type is string => typeof type === "string");
	const options = [...(Array.isArray(schema.anyOf) ? schema.anyOf : []), ...(Array.isArray(schema.oneOf) ? schema.oneOf : [])];
	return options.filter(isSchema).flatMap(typesOf);
};

/** Whole numbers beyond what a double holds are no bound a person meant. */
const bound = (value: unknown): number | undefined =>
	typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;

const asText = (value: unknown): string | undefined => (value === undefined || value === null ? undefined : String(value));

function fieldOf(name: string, schema: Schema, required: boolean): Field | undefined {
	const types = typesOf(schema);
	const choices = Array.isArray(schema.enum) ? schema.enum.map(String) : [];
	const kind: Field["kind"] | undefined =
		choices.length > 0
			? "choice"
			: schema.secret === true || name === "password"
				? "secret"
				: types.includes("boolean")
					? "switch"
					: types.includes("string")
						? "text"
						: types.includes("integer")
							? "integer"
							: types.includes("number")
								? "number"
								: undefined;
	if (!kind) return undefined;
	const example = Array.isArray(schema.examples) ? asText(schema.examples[0]) : undefined;
	return {
		name,
		kind,
		required,
		fallback: asText(schema.default),
		description: typeof schema.description === "string" ? schema.description : undefined,
		example,
		choices,
		min: bound(schema.minimum),
		max: bound(schema.maximum),
	};
}

/** The fields of an object schema, in its order; what no single input can hold is left to the configuration file. */
export function fieldsOf(schema: Schema): Field[] {
	const properties = isSchema(schema.properties) ? schema.properties : {};
	const required = new Set(Array.isArray(schema.required) ? schema.required : []);
	return Object.entries(properties).flatMap(([name, property]) => {
		const field = isSchema(property) ? fieldOf(name, property, required.has(name)) : undefined;
		return field ? [field] : [];
	});
}

/** What a field is called wrong for, as a key of the texts; undefined when it is fine. */
export function faultOf(field: Field, text: string): "missing" | "number" | "whole" | "small" | "large" | undefined {
	const given = text.trim();
	if (given === "") return field.required && field.fallback === undefined ? "missing" : undefined;
	if (field.kind !== "number" && field.kind !== "integer") return undefined;
	const value = Number(given);
	if (!Number.isFinite(value)) return "number";
	if (field.kind === "integer" && !Number.isInteger(value)) return "whole";
	if (field.min !== undefined && value < field.min) return "small";
	if (field.max !== undefined && value > field.max) return "large";
	return undefined;
}

/** Texts of a form as the values the schema wants; empty fields are left out and take their default. */
export function valuesOf(fields: readonly Field[], texts: Readonly<Record<string, string>>): Record<string, unknown> {
	const values: Record<string, unknown> = {};
	for (const field of fields) {
		const given = field.kind === "secret" ? (texts[field.name] ?? "") : (texts[field.name] ?? "").trim();
		if (given === "") continue;
		values[field.name] =
			field.kind === "number" || field.kind === "integer" ? Number(given) : field.kind === "switch" ? given === "true" : given;
	}
	return values;
}

/** The other way round, for editing. */
export function textsOf(fields: readonly Field[], values: Readonly<Record<string, unknown>>): Record<string, string> {
	const texts: Record<string, string> = {};
	for (const field of fields) {
		const text = asText(values[field.name]);
		if (text !== undefined) texts[field.name] = text;
	}
	return texts;
}
