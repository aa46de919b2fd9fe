import { type Api, type Client, createClient, MillwrightError } from "@millwright/core";

/** A step's operations on the server named by MILLWRIGHT_URL, with the key in MILLWRIGHT_KEY. */
export function connect<A extends Api>(step: string, api: A): Client<A> {
	const key = process.env.MILLWRIGHT_KEY;
	if (!key && Object.values(api).some(({ allow }) => allow !== "anyone"))
		throw new MillwrightError("cli.key-missing", "No key to sign in with", {
			kind: "unauthenticated",
			hint: "Make a key under Access in the screens and set MILLWRIGHT_KEY.",
		});
	return createClient(step, api, {
		baseUrl: process.env.MILLWRIGHT_URL || "http://127.0.0.1:8080",
		headers: key ? { authorization: `Bearer ${key}` } : {},
	});
}
