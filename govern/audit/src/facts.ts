import { createHash } from "node:crypto";
import type { AuditTrail } from "@millwright/platform";
import { canonicalJson } from "./canonical-json.ts";
import type { AuditFacts } from "./chain.ts";

const longestInput = 65_536;
const keptOfLonger = 2000;

/** Of an input, what it was done to. The first that is there counts. */
const subjects = ["connection", "asset", "tag", "id", "login", "thumbprint", "name"] as const;

/** What a caller asks to record, cut to a bounded size and to what JSON holds. */
export function factsOf(given: Parameters<AuditTrail["record"]>[0], atMs: number): AuditFacts {
	return {
		at: atMs,
		who: { id: given.who.id.slice(0, 200), name: given.who.name.slice(0, 200), from: given.from.slice(0, 200) },
		what: given.what.slice(0, 200),
		on: subjectOf(given.input).slice(0, 600),
		input: boundedInput(given.input),
		why: given.why.slice(0, 2000),
		outcome: given.outcome,
		code: given.code.slice(0, 200),
	};
}

export function subjectOf(input: unknown): string {
	if (typeof input !== "object" || input === null) return "";
	for (const subject of subjects) {
		const value = (input as Record<string, unknown>)[subject];
		if (typeof value === "string" && value !== "") return value;
		if (typeof value === "number") return String(value);
	}
	const { assets, settings } = input as { assets?: unknown; settings?: unknown };
	if (typeof assets === "object" && assets !== null) return Object.keys(assets).join(", ");
	return typeof settings === "object" && settings !== null ? targetOf(settings as Record<string, unknown>) : "";
}

/** A machine that has no name yet is known by where it is. */
function targetOf(settings: Record<string, unknown>): string {
	if (typeof settings.endpoint === "string") return settings.endpoint;
	if (typeof settings.host !== "string") return "";
	return typeof settings.port === "number" ? `${settings.host}:${settings.port}` : settings.host;
}

/** As it will be read again; what is longer than 64 KB becomes its beginning, its size and its hash. */
function boundedInput(input: unknown): unknown {
	let text: string;
	try {
		text = canonicalJson(input);
	} catch (cause) {
		return { unreadable: String(cause).slice(0, 200) };
	}
	const bytes = Buffer.from(text);
	if (bytes.length <= longestInput) return JSON.parse(text);
	return {
		tooLong: true,
		bytes: bytes.length,
		sha256: createHash("sha256").update(bytes).digest("hex"),
		beginning: text.slice(0, keptOfLonger),
	};
}
