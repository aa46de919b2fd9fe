import type { Api, Client, Operation } from "../contract/operation.ts";
import { asMillwrightError, type ErrorBody, type ErrorKind, httpStatusOf, MillwrightError } from "../errors.ts";
import { httpRoute, operationName } from "./http-route.ts";
import { encodeQuery } from "./query-string.ts";

/** Sent on every call; a page of another site cannot send it, so its presence proves the call is ours. */
export const callHeader = "x-millwright";
/** The reason a person gave, percent-encoded UTF-8. */
export const whyHeader = "x-millwright-why";
/** Addresses longer than this travel as a POST body: Node, proxies and logs all cut somewhere above it. */
const longestQuery = 2000;

export interface ClientOptions {
	fetch?: typeof fetch;
	/** "https://plant.example:8443"; empty in the browser, where the page's own origin answers. */
	baseUrl?: string;
	/** Asked on every call, e.g. for `authorization`. */
	headers?: Record<string, string> | (() => Record<string, string>);
}

/** The functions of an api over HTTP. Throws the server's own MillwrightError; a download resolves to the `Response`. */
export function createClient<A extends Api>(step: string, api: A, options: ClientOptions = {}): Client<A> {
	const entries = Object.entries(api).map(([key, operation]) => [
		key,
		(input: unknown, how: { why?: string; signal?: AbortSignal } = {}) =>
			callOperation(operationName(step, key), operation, input, how, options),
	]);
	return Object.fromEntries(entries) as Client<A>;
}

/** The address of a download or read with a flat input, for a link; undefined where only a POST reaches it. */
export function linkTo(operation: Operation, input: Record<string, unknown>, baseUrl = ""): string | undefined {
	const route = httpRoute(operation);
	if (route.method !== "GET") return undefined;
	const query = encodeQuery(operation.input, input);
	return query.length > longestQuery ? undefined : `${baseUrl}${route.path}${query ? `?${query}` : ""}`;
}

async function callOperation(
	name: string,
	operation: Operation,
	input: unknown,
	how: { why?: string; signal?: AbortSignal },
	{ fetch: send = globalThis.fetch, baseUrl = "", headers = {} }: ClientOptions,
): Promise<unknown> {
	const given = (input ?? {}) as Record<string, unknown>;
	const link = linkTo(operation, given, baseUrl);
	const all: Record<string, string> = {
		accept: operation.download ? "*/*" : "application/json",
		...(typeof headers === "function" ? headers() : headers),
		[callHeader]: "1",
	};
	if (how.why) all[whyHeader] = encodeURIComponent(how.why.toWellFormed());
	if (!link) all["content-type"] = "application/json";

	let response: Response;
	try {
		response = await send(link ?? `${baseUrl}${httpRoute(operation).path}`, {
			method: link ? "GET" : "POST",
			headers: all,
			credentials: "same-origin",
			...(link ? {} : { body: JSON.stringify(given) }),
			...(how.signal ? { signal: how.signal } : {}),
		});
	} catch (cause) {
		if (how.signal?.aborted) throw cause;
		throw unreachable(name, cause);
	}
	if (!response.ok) throw await errorOf(response, name);
	if (operation.download) return response;
	try {
		return await response.json();
	} catch (cause) {
		if (how.signal?.aborted) throw cause;
		throw unreachable(name, cause);
	}
}

const unreachable = (name: string, cause: unknown): MillwrightError =>
	new MillwrightError("core.unreachable", `The server did not answer ${name}: ${asMillwrightError(cause).message}`, {
		kind: "outage",
		hint: "Check that the server runs and that the network reaches it, then try again.",
		cause,
	});

const kindOfStatus = (status: number): ErrorKind => {
	const known = Object.entries(httpStatusOf).find(([, of]) => of === status)?.[0] as ErrorKind | undefined;
	return known ?? (status >= 502 ? "outage" : status >= 500 ? "bug" : "input");
};

/** The error in an answer; one that is not ours (a proxy's page) is told by its status. */
async function errorOf(response: Response, name: string): Promise<MillwrightError> {
	const body = (await response.json().catch(() => undefined)) as ErrorBody | undefined;
	if (typeof body?.code === "string" && typeof body.message === "string" && body.kind in httpStatusOf)
		return new MillwrightError(body.code, body.message, body);
	return new MillwrightError("core.answer-unknown", `${name} was answered with HTTP ${response.status}`, {
		kind: kindOfStatus(response.status),
		hint: "Something between here and the server answered in its place; check the address and any proxy.",
	});
}
