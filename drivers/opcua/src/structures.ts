/** Structures as the library decodes them, to what JSON can hold. Pure. */
import { textOfDate, wide } from "./wide-values.ts";

interface Field {
	name: string;
	fieldType?: string;
	isArray?: boolean;
}
interface Schema {
	fields: readonly Field[];
	getBaseSchema?(): Schema | null | undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isHalves = (value: unknown): value is [number, number] =>
	Array.isArray(value) && value.length === 2 && value.every((half) => typeof half === "number");
const hasSchema = (value: Record<string, unknown>): value is { schema: Schema } & Record<string, unknown> =>
	isRecord(value.schema) && Array.isArray(value.schema.fields);

function fieldsOf(schema: Schema): Field[] {
	const base = schema.getBaseSchema?.();
	return [...(base ? fieldsOf(base) : []), ...schema.fields];
}

/** `plainVariant` for the variants inside, which hold any type. */
export function plainStructure(value: unknown, plainVariant: (variant: unknown) => unknown): unknown {
	const plain = (each: unknown, type: string | undefined): unknown => {
		// Of all scalars only 64-bit integers come as a pair.
		if (isHalves(each)) return wide(each, type === "Int64").toString();
		if (each instanceof Date) return textOfDate(each);
		if (each instanceof Uint8Array) return Buffer.from(each).toString("hex");
		if (typeof each === "bigint") return each.toString();
		if (typeof each === "string") return type === "Guid" ? each.toLowerCase() : each;
		if (!isRecord(each)) return each;
		if ("arrayType" in each && "dataType" in each) return plainVariant(each);
		if (each.buffer instanceof Uint8Array && isRecord(each.nodeId))
			return { type: String(each.nodeId), bytes: plain(each.buffer, undefined) };
		if (hasSchema(each)) return plainFields(each);
		return typeof each.toJSON === "function" ? each.toJSON() : each;
	};
	const plainFields = (structure: { schema: Schema } & Record<string, unknown>): Record<string, unknown> => {
		const fields: Record<string, unknown> = {};
		for (const { name, fieldType, isArray } of fieldsOf(structure.schema)) {
			const held = structure[name];
			if (held === null || held === undefined) continue;
			fields[name] =
				isArray && (Array.isArray(held) || ArrayBuffer.isView(held))
					? Array.from(held as ArrayLike<unknown>, (each) => plain(each, fieldType))
					: plain(held, fieldType);
		}
		return fields;
	};
	return plain(value, undefined);
}
