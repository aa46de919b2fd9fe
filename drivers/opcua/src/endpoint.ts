import { CertificateUntrusted, type DriverTools, MillwrightError } from "@millwright/core";
import {
	type EndpointDescription,
	MessageSecurityMode,
	OPCUAClient,
	type OPCUAClientOptions,
	SecurityPolicy,
} from "node-opcua-client";
import { describeCertificate, leafOf } from "./certificate.ts";
import { policies, type Settings } from "./settings.ts";

export interface Choice {
	securityMode: MessageSecurityMode;
	securityPolicy: SecurityPolicy;
	/** The server's certificate, decided to be trusted; undefined without security. */
	serverCertificate: Buffer | undefined;
}

const policyUri = (name: keyof typeof SecurityPolicy): string => SecurityPolicy[name];

/** Which of the offered endpoints fits the settings; "best" never falls back to no security. */
export function chooseEndpoint(offered: readonly EndpointDescription[], settings: Settings): EndpointDescription {
	const none = settings.security === "None";
	const mode = none ? MessageSecurityMode.None : MessageSecurityMode[settings.mode];
	const wanted = settings.security === "best" ? [...policies].reverse() : [settings.security];
	for (const policy of wanted) {
		const found = offered.find((endpoint) => endpoint.securityPolicyUri === policyUri(policy) && endpoint.securityMode === mode);
		if (found) return found;
	}
	const list = [
		...new Set(
			offered.map(({ securityPolicyUri, securityMode }) => {
				const policy = securityPolicyUri?.split("#")[1] ?? "unknown";
				return policy === "None" ? policy : `${policy} ${MessageSecurityMode[securityMode]}`;
			}),
		),
	];
	throw new MillwrightError(
		"opcua.security-not-offered",
		`The server ${settings.endpoint} does not offer ${none ? "connections without security" : `${settings.security} with ${settings.mode}`}`,
		{
			kind: "input",
			hint:
				list.length === 1 && list[0] === "None"
					? "It offers no security at all. Choose security None only where the network itself is protected."
					: `It offers: ${list.join(", ")}.`,
			place: settings.endpoint,
		},
	);
}

/** Asks an unsecured channel what the server offers, and whether its certificate may be trusted. */
export async function discover(
	settings: Settings,
	tools: DriverTools,
	base: OPCUAClientOptions,
	keep: (client: OPCUAClient) => void,
): Promise<Choice> {
	const client = OPCUAClient.create({ ...base, securityMode: MessageSecurityMode.None, securityPolicy: SecurityPolicy.None });
	keep(client);
	await client.connect(settings.endpoint);
	const offered = await client.getEndpoints({ endpointUrl: settings.endpoint });
	await client.disconnect();
	const { securityMode, securityPolicyUri, serverCertificate } = chooseEndpoint(offered, settings);
	const securityPolicy = securityPolicyUri as SecurityPolicy;
	if (securityMode === MessageSecurityMode.None) return { securityMode, securityPolicy, serverCertificate: undefined };
	if (!serverCertificate?.length)
		throw new MillwrightError("opcua.server-certificate-missing", `The server ${settings.endpoint} shows no certificate`, {
			kind: "outage",
			hint: "Its set-up is not finished: a secured server needs a certificate.",
			place: settings.endpoint,
		});
	checkTrust(serverCertificate, tools, settings.endpoint);
	return { securityMode, securityPolicy, serverCertificate };
}

/** Throws `CertificateUntrusted` unless a person has decided to trust exactly this certificate. */
export function checkTrust(chain: Uint8Array, { trust, log, clock }: DriverTools, place: string): void {
	const certificate = describeCertificate(leafOf(chain));
	if (!trust.isTrusted(certificate)) throw new CertificateUntrusted(certificate);
	const now = clock.nowMs();
	if (now > certificate.validUntilMs || now < certificate.validFromMs)
		log.warn("the trusted certificate of the server is out of date", { place, thumbprint: certificate.thumbprint });
}
