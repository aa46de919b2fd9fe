import { readFileSync, statSync } from "node:fs";
import type { Server } from "node:https";
import { type Clock, type Log, MillwrightError, type Timer } from "@millwright/core";

export interface TlsFiles {
	certFile: string;
	keyFile: string;
}

const checkEveryMs = 30_000;

export function readTls({ certFile, keyFile }: TlsFiles): { cert: Buffer; key: Buffer } {
	const read = (file: string) => {
		try {
			return readFileSync(file);
		} catch (cause) {
			throw new MillwrightError("platform.tls-file-missing", `The TLS file ${file} cannot be read`, {
				kind: "outage",
				place: file,
				hint: "Check http.tls in the configuration and the rights of the file.",
				cause,
			});
		}
	};
	return { cert: read(certFile), key: read(keyFile) };
}

/** New connections use a renewed certificate without a restart; a broken pair is told and the old one stays. */
export function followTls(server: Server, files: TlsFiles, { clock, log }: { clock: Clock; log: Log }): Timer {
	const stamp = () => `${statSync(files.certFile).mtimeMs} ${statSync(files.keyFile).mtimeMs}`;
	let seen = stamp();
	return clock.every(checkEveryMs, () => {
		try {
			const now = stamp();
			if (now === seen) return;
			seen = now;
			server.setSecureContext(readTls(files));
			log.info("The TLS certificate was renewed", { file: files.certFile });
		} catch (error) {
			log.error("The new TLS certificate cannot be used; the former one stays", { file: files.certFile, error: String(error) });
		}
	});
}
