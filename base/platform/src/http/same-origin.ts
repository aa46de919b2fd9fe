import type { IncomingHttpHeaders } from "node:http";
import { callHeader, MillwrightError } from "@millwright/core";

/** Host of an address as browsers compare it: default ports left out, lower case. */
const plainHost = (host: string): string => host.toLowerCase().replace(/:(?:80|443)$/, "");

/** Did a page of this very host send it? A request without an Origin did not come from another site's script. */
export function isSameOrigin(origin: string | undefined, host: string | undefined): boolean {
	if (origin === undefined) return true;
	if (!host) return false;
	try {
		return plainHost(new URL(origin).host) === plainHost(host);
	} catch {
		// "null" (sandboxed pages, files) and rubbish.
		return false;
	}
}

/**
 * Refuses what another site's page could have sent in a person's name: anything but GET without a bearer key needs our
 * header, which a foreign page cannot set, and an Origin that is ours.
 */
export function forgeryOf(about: {
	method: string;
	headers: IncomingHttpHeaders;
	host: string | undefined;
	bearer: boolean;
}): MillwrightError | undefined {
	if (about.method === "GET" || about.method === "HEAD" || about.bearer) return undefined;
	if (!isSameOrigin(about.headers.origin, about.host))
		return new MillwrightError("platform.origin-denied", "The request comes from a page of another site", {
			kind: "denied",
			hint: "Open Millwright under its own address; behind a proxy, let it pass the Host header on.",
		});
	if (about.headers[callHeader] === undefined)
		return new MillwrightError("platform.call-header-missing", `The header ${callHeader} is missing`, {
			kind: "denied",
			hint: `Send ${callHeader}: 1 with every call that is not a GET, or use an API key.`,
		});
	return undefined;
}
