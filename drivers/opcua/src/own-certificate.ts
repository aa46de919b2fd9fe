import { createPrivateKey, randomUUID, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { MillwrightError } from "@millwright/core";
import { crypto_utils } from "node-opcua-client";
import { describeCertificate } from "./certificate.ts";

export interface OwnCertificate {
	certificateFile: string;
	privateKeyFile: string;
	/** Equal to the one in the certificate, as servers demand. */
	applicationUri: string;
	thumbprint: string;
	validUntilMs: number;
}

const years = 10;

/** The application's own certificate, made at first use and kept: its thumbprint is what people trust at their servers. */
export async function ownCertificate(folder: string): Promise<OwnCertificate> {
	const home = join(folder, "pki", "own");
	return (await load(home)) ?? (await make(folder, home));
}

async function load(home: string): Promise<OwnCertificate | undefined> {
	const certificateFile = join(home, "certificate.pem");
	const privateKeyFile = join(home, "key.pem");
	let pem: string;
	let key: string;
	try {
		[pem, key] = await Promise.all([readFile(certificateFile, "utf8"), readFile(privateKeyFile, "utf8")]);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
	const certificate = new X509Certificate(pem);
	const { applicationUri, thumbprint, validUntilMs } = describeCertificate(certificate.raw);
	if (!applicationUri || !certificate.checkPrivateKey(createPrivateKey(key)))
		throw new MillwrightError("opcua.own-certificate-unfit", `The certificate in ${home} has no application URI or another key`, {
			kind: "input",
			hint: "Replace it, or remove the folder, so that a new one is made; servers must then trust the new one.",
			place: certificateFile,
		});
	return { certificateFile, privateKeyFile, applicationUri, thumbprint, validUntilMs };
}

async function make(folder: string, home: string): Promise<OwnCertificate> {
	const host = hostname();
	const key = await crypto_utils.generatePrivateKey(2048);
	const { cert } = await crypto_utils.createSelfSignedCertificate({
		privateKey: key,
		subject: `/CN=Millwright@${host.slice(0, 50)}/O=Millwright`,
		applicationUri: `urn:${host}:millwright`,
		dns: [host],
		notBefore: new Date(Date.now() - 86_400_000), // clocks of plants differ
		validity: years * 365,
		purpose: crypto_utils.CertificatePurpose.ForApplication,
	});
	const { privPem } = await crypto_utils.privateKeyToPEM(key);
	// Both files appear at once: of two connections that open for the first time together, one wins.
	const draft = join(folder, "pki", `own.${randomUUID()}`);
	await mkdir(draft, { recursive: true, mode: 0o700 });
	await writeFile(join(draft, "key.pem"), privPem, { mode: 0o600 });
	await writeFile(join(draft, "certificate.pem"), cert);
	try {
		await rename(draft, home);
	} catch (error) {
		await rm(draft, { recursive: true, force: true });
		if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
	}
	const made = await load(home);
	if (!made)
		throw new MillwrightError("opcua.own-certificate-missing", `No certificate could be kept in ${home}`, { kind: "bug" });
	return made;
}
