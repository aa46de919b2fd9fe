import { CertificateUntrusted, type DriverTools } from "@millwright/core";
import { type OPCUAClientOptions, type StatusCode, StatusCodes } from "node-opcua-client";
import { checkTrust } from "./endpoint.ts";

type Store = NonNullable<OPCUAClientOptions["clientCertificateManager"]>;
/** The part of the library's certificate store that a client uses. */
type ClientStore = Extract<Store, { getTrustStatus(certificate: Buffer): Promise<StatusCode> }>;

/** The library's view of our decisions: nothing is ever accepted, moved or kept by the library itself. */
export function trustStore(tools: DriverTools, place: string): ClientStore {
	const check = (certificate: Buffer | Buffer[]): StatusCode => {
		try {
			checkTrust(Array.isArray(certificate) ? (certificate[0] as Buffer) : certificate, tools, place);
			return StatusCodes.Good;
		} catch (error) {
			return error instanceof CertificateUntrusted ? StatusCodes.BadCertificateUntrusted : StatusCodes.BadCertificateInvalid;
		}
	};
	const nothing = async (): Promise<void> => {};
	const store = {
		referenceCounter: 0,
		initialize: nothing,
		dispose: nothing,
		checkCertificate: async (certificate: Buffer | Buffer[]) => check(certificate),
		// Asked by the library about our own certificate only, which needs no trust.
		verifyCertificate: async () => "Good",
		trustCertificate: nothing,
		rejectCertificate: nothing,
		getTrustStatus: async (certificate: Buffer) => check(certificate),
		addIssuer: nothing,
		addRevocationList: nothing,
	};
	return store as unknown as ClientStore;
}
