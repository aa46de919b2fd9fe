import { createHash } from "node:crypto";

export const secretMark = "[secret]";
/** Text under a key that sounds so is a secret wherever it stands, named by the operation or not. */
const secretKey = /password|passphrase|secret|token|api[-_]?key|private[-_]?key|credential/i;
/** An audit entry is read by people; a longer input is named by its hash. */
const longestInput = 32_768;

/**
 * A copy without what must not be written down. Paths are dotted and name everything below them; `*` stands for any
 * key, and a list is looked through element by element.
 */
export function withoutSecrets(input: unknown, paths: readonly string[]): unknown {
	const wanted = paths.map((path) => path.split("."));
	return copy(input, wanted);
}

function copy(value: unknown, paths: readonly string[][], under = ""): unknown {
	if (paths.some((path) => path.length === 0)) return value === undefined ? undefined : secretMark;
	if (typeof value === "string" && secretKey.test(under)) return secretMark;
	if (Array.isArray(value)) return value.map((element) => copy(element, paths, under));
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([key, inner]) => {
			const below = paths.filter((path) => path[0] === key || path[0] === "*").map((path) => path.slice(1));
			return [key, copy(inner, below, key)];
		}),
	);
}

/** What the audit log keeps of an input: without secrets, and of a bounded length. */
export function auditable(input: unknown, secrets: readonly string[]): unknown {
	const clean = withoutSecrets(input, secrets);
	const text = JSON.stringify(clean) ?? "null";
	if (text.length <= longestInput) return clean;
	return { tooLong: text.length, sha256: createHash("sha256").update(text).digest("hex") };
}
