import type { IncomingHttpHeaders } from "node:http";

export const sessionCookie = "millwright_session";

const longestCredential = 1024;

/** What a request shows at the door, from its headers alone; the same for HTTP and WebSocket. */
export function credentialsOf(headers: IncomingHttpHeaders): { sessionToken?: string; bearer?: string; agent: string } {
	const sessionToken = cookieOf(headers.cookie, sessionCookie);
	const bearer = /^Bearer ([\x21-\x7e]+)$/i.exec(headers.authorization ?? "")?.[1];
	return {
		...(sessionToken && sessionToken.length <= longestCredential ? { sessionToken } : {}),
		...(bearer && bearer.length <= longestCredential ? { bearer } : {}),
		agent: (headers["user-agent"] ?? "").slice(0, 200),
	};
}

function cookieOf(header: string | undefined, name: string): string | undefined {
	for (const pair of header?.split(";") ?? []) {
		const at = pair.indexOf("=");
		if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || undefined;
	}
	return undefined;
}
