import { createHash, X509Certificate } from "node:crypto";
import type { PeerCertificate } from "@millwright/core";

/** SHA-1 of the DER, as OPC UA tools show it. */
export const thumbprintOf = (der: Uint8Array): string => createHash("sha1").update(der).digest("hex");

const oneLine = (name: string): string => name.split("\n").reverse().join(", ");

/** The first certificate of a chain in DER, which is the peer's own. */
export function leafOf(chain: Uint8Array): Buffer {
	const bytes = Buffer.from(chain);
	// SEQUENCE with a length of two bytes: every real certificate.
	return bytes[0] === 0x30 && bytes[1] === 0x82 && bytes.length >= 4 ? bytes.subarray(0, 4 + bytes.readUInt16BE(2)) : bytes;
}

/** For people to decide on. Throws where the bytes are no certificate. */
export function describeCertificate(der: Uint8Array): PeerCertificate {
	const certificate = new X509Certificate(Buffer.from(der));
	const uri = certificate.subjectAltName
		?.split(", ")
		.find((name) => name.startsWith("URI:"))
		?.slice(4);
	return {
		thumbprint: thumbprintOf(der),
		subject: oneLine(certificate.subject ?? ""),
		issuer: oneLine(certificate.issuer ?? ""),
		validFromMs: Date.parse(certificate.validFrom),
		validUntilMs: Date.parse(certificate.validTo),
		...(uri === undefined ? {} : { applicationUri: uri }),
		pem: certificate.toString(),
	};
}
