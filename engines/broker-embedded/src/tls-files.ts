import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { SecureContextOptions, TlsOptions } from "node:tls";
import { MillwrightError } from "@millwright/core";

/** PEM files; read again when they change. */
export interface TlsFiles {
	certFile: string;
	keyFile: string;
	/** Who signs client certificates; with it clients may show one, and one that does not verify ends the connection. */
	caFile?: string | undefined;
	/** Nobody comes in without a client certificate. */
	requireClientCertificate?: boolean | undefined;
	/** Client certificates that were withdrawn; must be signed by the same authority and be in date. */
	crlFile?: string | undefined;
}

const filesOf = ({ certFile, keyFile, caFile, crlFile }: TlsFiles): string[] =>
	[certFile, keyFile, caFile, crlFile].filter((file) => file !== undefined);

function read(file: string): Buffer {
	try {
		return readFileSync(file);
	} catch (cause) {
		throw new MillwrightError("broker.tls-file-missing", `The TLS file ${file} cannot be read`, {
			kind: "outage",
			place: file,
			hint: "Check namespace.mqtt.tls in the configuration and the rights of the file.",
			cause,
		});
	}
}

export function secureContextOf(files: TlsFiles): SecureContextOptions {
	return {
		cert: read(files.certFile),
		key: read(files.keyFile),
		...(files.caFile === undefined ? {} : { ca: read(files.caFile) }),
		...(files.crlFile === undefined ? {} : { crl: read(files.crlFile) }),
		minVersion: "TLSv1.2",
	};
}

export const serverOptionsOf = (files: TlsFiles): TlsOptions => ({
	...secureContextOf(files),
	requestCert: files.caFile !== undefined,
	rejectUnauthorized: files.requireClientCertificate === true,
});

/** Differs when a file was written again. */
export const stampOf = (files: TlsFiles): string =>
	filesOf(files)
		.map((file) => {
			const { mtimeMs, ino, size } = statSync(file);
			return `${mtimeMs} ${ino} ${size}`;
		})
		.join("|");

/** Ms since 1970 UTC until which clients accept the broker's certificate. */
export const validUntil = (files: TlsFiles): number => new X509Certificate(read(files.certFile)).validToDate.getTime();
