import { createHash } from "node:crypto";

const deepest = 64;

/**
 * One text for one value: members sorted by UTF-16 code units, no blanks, numbers and strings as JSON.stringify writes
 * them. What JSON cannot hold is written as JSON.stringify would (undefined members dropped), big integers as text.
 * Source: RFC 8785 (JSON Canonicalization Scheme).
 */
export function canonicalJson(value: unknown): string {
	return write(value, 0) ?? "null";
}

function write(given: unknown, depth: number): string | undefined {
	const value = hasToJson(given) ? given.toJSON() : given;
	if (value === null) return "null";
	switch (typeof value) {
		case "string":
			return JSON.stringify(value);
		case "number":
			return Number.isFinite(value) ? JSON.stringify(value) : "null";
		case "boolean":
			return value ? "true" : "false";
		case "bigint":
			return `"${value}"`;
		case "object":
			break;
		default:
			return undefined;
	}
	if (depth >= deepest) return `"deeper than ${deepest} levels"`;
	if (ArrayBuffer.isView(value)) return `"${value.byteLength} bytes"`;
	if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, depth + 1) ?? "null").join(",")}]`;
	const members: string[] = [];
	for (const key of Object.keys(value).sort()) {
		const text = write((value as Record<string, unknown>)[key], depth + 1);
		if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`);
	}
	return `{${members.join(",")}}`;
}

const hasToJson = (value: unknown): value is { toJSON(): unknown } =>
	typeof value === "object" && value !== null && "toJSON" in value && typeof value.toJSON === "function";

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
