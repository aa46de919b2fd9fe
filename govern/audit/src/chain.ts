import { AuditEntry } from "./api.ts";
import { canonicalJson, sha256 } from "./canonical-json.ts";

/** Nothing beside what belongs to an entry. */
const Line = AuditEntry.strict();

/** An entry before it has its place in the chain. */
export type AuditFacts = Omit<AuditEntry, "number" | "previous" | "hash">;

/** Where a chain stands: the number and hash of its last entry. */
export interface Head {
	number: number;
	hash: string;
}

/** Before the first entry. */
export const noEntry: Head = { number: 0, hash: "0".repeat(64) };

/** The next entry of the chain and its line, without the newline. */
export function link(head: Head, facts: AuditFacts): { entry: AuditEntry; line: string } {
	const body = { ...facts, number: head.number + 1 };
	const entry = { ...body, previous: head.hash, hash: hashOf(head.hash, body) };
	return { entry, line: canonicalJson(entry) };
}

const hashOf = (previous: string, body: Omit<AuditEntry, "previous" | "hash">): string => sha256(previous + canonicalJson(body));

/** The entry of a line as it claims to be, in one way of writing only; or why it is none. */
export function readLine(bytes: Buffer): AuditEntry | { reason: string } {
	let given: unknown;
	try {
		given = JSON.parse(bytes.toString("utf8"));
	} catch {
		return { reason: "The line is not JSON" };
	}
	const parsed = Line.safeParse(given);
	if (!parsed.success) return { reason: `The line is not an entry: ${parsed.error.issues[0]?.path.join(".")}` };
	// Same meaning in other bytes is a change too.
	if (!Buffer.from(canonicalJson(given)).equals(bytes)) return { reason: "The line is not written as it was" };
	// As it stands in the file, not as the schema sees it: what the schema ignores counts too.
	return given as AuditEntry;
}

/** Does an entry follow from what came before? Undefined when it does, else why not. */
export function breakBetween(head: Head, entry: AuditEntry): string | undefined {
	const { previous, hash, ...body } = entry;
	if (entry.number !== head.number + 1) return `Entry ${entry.number} stands where ${head.number + 1} belongs`;
	if (previous !== head.hash)
		return "The entry does not follow from the one before: one of the two was changed, or some are missing";
	if (hash !== hashOf(previous, body)) return "The entry was changed: its hash does not fit its content";
	return undefined;
}

/** Does an entry's hash fit its own content, wherever it stands? */
export const isItself = (entry: AuditEntry): boolean =>
	breakBetween({ number: entry.number - 1, hash: entry.previous }, entry) === undefined;
