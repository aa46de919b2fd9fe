import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const hasOpenssl = spawnSync("openssl", ["version"]).error === undefined;

/** A certificate authority of a test's own, with everything it signed, as PEM files in one folder. */
export interface Authority extends Disposable {
	file(name: string): string;
	pem(name: string): Buffer;
	/** `<name>.pem` and `<name>.key`; `until` as YYMMDDHHMMSSZ. */
	issue(name: string, about?: { commonName?: string; from?: string; until?: string; server?: boolean }): void;
	/** Withdraws a certificate and writes `crl.pem` anew. */
	revoke(name?: string): void;
	/** As a renewal does. */
	copy(from: string, to: string): void;
}

export function createAuthority(commonName = "Test authority"): Authority {
	const folder = mkdtempSync(join(tmpdir(), "broker-tls-"));
	const file = (name: string): string => join(folder, name);
	const openssl = (...args: string[]): void => {
		const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
		if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
	};
	const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
	writeFileSync(
		file("ca.conf"),
		[
			"[ca]",
			"default_ca = here",
			"[here]",
			"database = index.txt",
			"serial = serial",
			"crlnumber = crlnumber",
			"new_certs_dir = .",
			"certificate = ca.pem",
			"private_key = ca.key",
			"default_md = sha256",
			"default_days = 30",
			"default_crl_days = 30",
			"unique_subject = no",
			"policy = any",
			"[any]",
			"commonName = supplied",
			"[server]",
			"subjectAltName = IP:127.0.0.1",
			"[client]",
			"extendedKeyUsage = clientAuth",
			"",
		].join("\n"),
	);
	writeFileSync(file("index.txt"), "");
	writeFileSync(file("serial"), "01\n");
	writeFileSync(file("crlnumber"), "01\n");
	openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-subj", `/CN=${commonName}`, "-days", "30");
	const issue: Authority["issue"] = (name, { commonName: subject = name, from, until, server = false } = {}) => {
		openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${subject}`);
		openssl(
			...["ca", "-batch", "-config", "ca.conf", "-notext", "-in", `${name}.csr`, "-out", `${name}.pem`],
			...["-extensions", server ? "server" : "client"],
			...(from === undefined ? [] : ["-startdate", from]),
			...(until === undefined ? [] : ["-enddate", until]),
		);
	};
	return {
		file,
		pem: (name) => readFileSync(file(name)),
		issue,
		revoke(name) {
			if (name !== undefined) openssl("ca", "-config", "ca.conf", "-revoke", `${name}.pem`);
			openssl("ca", "-config", "ca.conf", "-gencrl", "-out", "crl.pem");
		},
		copy: (from, to) => copyFileSync(file(from), file(to)),
		[Symbol.dispose]: () => rmSync(folder, { recursive: true }),
	};
}
