import type * as z from "zod";
import type { DataClass, Principal, Role } from "./who.ts";

/** Who may call: named roles, anybody signed in, or (first start, health) anyone at all. */
export type Allowed = readonly Role[] | "signed-in" | "anyone";

/**
 * One thing a step can be asked. This object is the in-process type, the HTTP route, the remote client,
 * the OpenAPI page, the CLI command and the copilot's tool; access and audit hang on it.
 */
export interface Operation<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
	/** One line, for documents, menus and tools. */
	readonly summary: string;
	/** Below /api, e.g. "/twin/state". Reads are GET with query parameters when the input is flat, else POST; writes are POST. */
	readonly path: string;
	readonly effect: "read" | "write";
	readonly allow: Allowed;
	/** Of what it returns. Default internal. */
	readonly dataClass: DataClass;
	readonly input: I;
	readonly output: O;
	/** Set when the output is a download instead of JSON; the service then returns a `Download`. */
	readonly download: boolean;
	/** Fields of the input that must not reach the audit log or any log. */
	readonly secrets: readonly string[];
}

export function operation<I extends z.ZodType, O extends z.ZodType>(spec: {
	summary: string;
	path: string;
	effect?: "read" | "write";
	allow?: Allowed;
	dataClass?: DataClass;
	input: I;
	output: O;
	download?: boolean;
	secrets?: readonly string[];
}): Operation<I, O> {
	return {
		effect: "read",
		allow: "signed-in",
		dataClass: "internal",
		download: false,
		secrets: [],
		...spec,
	};
}

/** Bytes to save rather than JSON to show. */
export interface Download {
	fileName: string;
	mediaType: string;
	body: AsyncIterable<Uint8Array> | Uint8Array;
}

/** Who calls, and why; in-process callers without a person pass nothing and act as the system. */
export interface Call {
	principal: Principal;
	/** The reason a person gave for a write; goes to the audit log. */
	why?: string;
	/** Where from: an address, "cli", "internal". */
	from?: string;
	signal?: AbortSignal;
	/** Session id, where the caller has one. */
	session?: string;
	/** The program that calls, as it names itself. */
	agent?: string;
	/** HTTP only: begins (a token) or ends (undefined) the browser's session. */
	setSession?(token: string | undefined): void;
}

export type Api = Readonly<Record<string, Operation>>;

/** The functions behind an api: same keys, checked types, the call's context second. */
export type Service<A extends Api> = {
	[K in keyof A]: A[K] extends Operation<infer I, infer O> ? (input: z.output<I>, call?: Call) => Promise<z.output<O>> : never;
};

/** What a remote caller sends: defaults may be left out. */
export type Client<A extends Api> = {
	[K in keyof A]: A[K] extends Operation<infer I, infer O>
		? (input: z.input<I>, options?: { why?: string; signal?: AbortSignal }) => Promise<z.output<O>>
		: never;
};
