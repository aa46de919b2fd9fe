import { generateKeyPairSync, sign } from "node:crypto";

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
	const content = Buffer.concat(parts);
	const { length } = content;
	const head = length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
	return Buffer.concat([Buffer.from(head), content]);
};
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const time = (text: string) => der(0x17, Buffer.from(text));

/** A self-signed P-256 certificate for 127.0.0.1, in PEM. Source: RFC 5280 §4.1. */
export function selfSigned(name: string): { cert: string; key: string } {
	const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
	const subject = sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(name)))));
	const altName = sequence(oid("551d11"), der(0x04, sequence(der(0x87, Buffer.from([127, 0, 0, 1])))));
	const body = sequence(
		der(0xa0, der(0x02, Buffer.from([2]))),
		der(0x02, Buffer.from([1])),
		ecdsaWithSha256,
		subject,
		sequence(time("200101000000Z"), time("491231235959Z")),
		subject,
		publicKey.export({ type: "spki", format: "der" }),
		der(0xa3, sequence(altName)),
	);
	const signature = sign("sha256", body, privateKey);
	const certificate = sequence(body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
	const pem = certificate.toString("base64").replace(/.{64}/g, "$&\n");
	return {
		cert: `-----BEGIN CERTIFICATE-----\n${pem}\n-----END CERTIFICATE-----\n`,
		key: String(privateKey.export({ type: "pkcs8", format: "pem" })),
	};
}
