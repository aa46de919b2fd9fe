import { CertificateUntrusted, MillwrightError } from "@millwright/core";
import type { Settings } from "./settings.ts";

interface Story {
	when: RegExp;
	code: string;
	kind: "input" | "outage" | "denied";
	sentence: string;
	hint: string;
}

/** What goes wrong at opening, in the words of libraries and servers, and what a person can do about it. First match wins. */
const stories: Story[] = [
	{
		when: /BadUserAccessDenied|BadIdentityTokenRejected|BadIdentityTokenInvalid|BadUserSignatureInvalid/,
		code: "opcua.user-refused",
		kind: "denied",
		sentence: "refuses the user",
		hint: "Check user and password, and that the user may connect in the server's settings.",
	},
	{
		when: /user token policy/,
		code: "opcua.identity-not-offered",
		kind: "input",
		sentence: "does not take this kind of sign-in",
		hint: "Choose another one: without a user, with user and password, or with a user certificate.",
	},
	{
		when: /BadCertificateUriInvalid/,
		code: "opcua.certificate-uri",
		kind: "input",
		sentence: "finds that certificate and application name do not belong together",
		hint: "Remove the folder pki/own of the driver, so that a new certificate is made, and trust that at the server.",
	},
	{
		when: /BadCertificateTimeInvalid|BadCertificateIssuerTimeInvalid/,
		code: "opcua.certificate-time",
		kind: "input",
		sentence: "finds our certificate out of date",
		hint: "Compare the clocks of both machines, and the dates of the certificate.",
	},
	{
		when: /BadSecurityChecksFailed|BadCertificateUntrusted|BadCertificateInvalid|BadCertificateChainIncomplete/,
		code: "opcua.our-certificate-refused",
		kind: "denied",
		sentence: "does not trust the certificate of this application",
		hint: "Trust it in the server's settings; it waits there among the rejected ones.",
	},
	{
		when: /BadTooManySessions|BadMaxConnectionsReached/,
		code: "opcua.sessions-used-up",
		kind: "outage",
		sentence: "has no session left",
		hint: "Close other clients, or wait until their sessions expire.",
	},
	{
		when: /ECONNREFUSED|Server is not reachable/,
		code: "opcua.connect-failed",
		kind: "outage",
		sentence: "is not there: nothing listens",
		hint: "Check the port (4840 is usual) and that the server runs.",
	},
	{
		when: /ENOTFOUND|EAI_AGAIN/,
		code: "opcua.connect-failed",
		kind: "outage",
		sentence: "has a name that is not known here",
		hint: "Write the IP address, or check the name.",
	},
	{
		when: /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|timeout/i,
		code: "opcua.connect-failed",
		kind: "outage",
		sentence: "does not answer",
		hint: "Check address, cable, power and firewall.",
	},
];

export function openFailure(thrown: unknown, settings: Settings, thumbprint: string): Error {
	if (thrown instanceof MillwrightError || thrown instanceof CertificateUntrusted) return thrown;
	const text =
		thrown instanceof Error ? `${thrown.message} ${thrown.cause instanceof Error ? thrown.cause.message : ""}` : String(thrown);
	const place = settings.endpoint;
	const story = stories.find(({ when }) => when.test(text));
	const ours = story?.code === "opcua.our-certificate-refused" ? ` Thumbprint: ${thumbprint}.` : "";
	if (story)
		return new MillwrightError(story.code, `The server ${place} ${story.sentence}`, {
			kind: story.kind,
			hint: story.hint + ours,
			place,
			cause: thrown,
		});
	const secured = settings.security !== "None";
	return new MillwrightError("opcua.connect-failed", `The server ${place} ends the connection: ${text.split("\n")[0]?.trim()}`, {
		kind: "outage",
		// Servers that do not trust a certificate often just hang up.
		hint: secured
			? `Look whether the server waits for a decision about the certificate of this application (thumbprint ${thumbprint}).`
			: "Look into the log of the server.",
		place,
		cause: thrown,
	});
}

export const notThere = (endpoint: string, ms: number): MillwrightError =>
	new MillwrightError("opcua.connect-failed", `The server ${endpoint} did not let us in within ${ms} ms`, {
		kind: "outage",
		hint: "Check address, cable, power and firewall; raise connectTimeout only for a server that is known to be slow.",
		place: endpoint,
	});

export const timedOut = (what: string, ms: number): MillwrightError =>
	new MillwrightError("opcua.timeout", `${what} took longer than ${ms} ms`, {
		kind: "outage",
		hint: "The server is too slow or gone; raise requestTimeout only if it is known to be slow.",
	});

/** The session or channel is dead though the socket may live: nothing but opening anew helps. */
export const meansLoss = (error: unknown): boolean =>
	error instanceof Error &&
	/BadSession(IdInvalid|Closed|NotActivated)|BadSecureChannel(Closed|IdInvalid|TokenUnknown)|BadConnectionClosed|Connection Break|No SecureChannel|Invalid client state|Invalid Channel|disconnected/i.test(
		error.message,
	);
