/** Who can mend it: the caller, time or an operator, or us. */
export type ErrorKind =
	| "input" // the request is wrong; the caller mends it
	| "missing" // the thing asked for does not exist
	| "conflict" // the thing changed meanwhile, or exists already
	| "unauthenticated" // nobody is signed in
	| "denied" // somebody is, but may not
	| "busy" // too much at once; try again later
	| "outage" // something we need is away; time or an operator mends it
	| "bug"; // ours

export interface ErrorDetails {
	kind?: ErrorKind;
	/** The next step, in plain words. */
	hint?: string;
	/** Where: a config line, a field path, a topic, a register. */
	place?: string;
	cause?: unknown;
	/** Machine-readable extras; never secrets. */
	data?: Record<string, unknown>;
}

/** An error a person can act on: a code to search, a sentence to read, a next step to take. */
export class MillwrightError extends Error {
	readonly code: string;
	readonly kind: ErrorKind;
	readonly hint: string | undefined;
	readonly place: string | undefined;
	readonly data: Record<string, unknown> | undefined;

	constructor(code: string, message: string, details: ErrorDetails = {}) {
		super(message, details.cause === undefined ? undefined : { cause: details.cause });
		this.name = "MillwrightError";
		this.code = code;
		this.kind = details.kind ?? "bug";
		this.hint = details.hint;
		this.place = details.place;
		this.data = details.data;
	}

	/** The shape an error has on every wire (HTTP body, WebSocket, CLI --json). */
	toJSON(): ErrorBody {
		return {
			code: this.code,
			kind: this.kind,
			message: this.message,
			...(this.place === undefined ? {} : { place: this.place }),
			...(this.hint === undefined ? {} : { hint: this.hint }),
			...(this.data === undefined ? {} : { data: this.data }),
		};
	}
}

export interface ErrorBody {
	code: string;
	kind: ErrorKind;
	message: string;
	place?: string;
	hint?: string;
	data?: Record<string, unknown>;
}

/** Anything thrown, as an error with a code; what is not ours is a bug. */
export function asMillwrightError(thrown: unknown, code = "core.unexpected"): MillwrightError {
	if (thrown instanceof MillwrightError) return thrown;
	const message = thrown instanceof Error ? thrown.message : String(thrown);
	return new MillwrightError(code, message, { kind: "bug", cause: thrown });
}

export const httpStatusOf: Record<ErrorKind, number> = {
	input: 400,
	missing: 404,
	conflict: 409,
	unauthenticated: 401,
	denied: 403,
	busy: 429,
	outage: 503,
	bug: 500,
};
