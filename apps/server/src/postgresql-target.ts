import { readFileSync } from "node:fs";
import { MillwrightError } from "@millwright/core";
import type { PostgresqlTarget } from "@millwright/runtime";
import { resolveEnvironment } from "@millwright/sense";
import type { PostgresqlReach } from "./engine-settings.ts";

/** Settings as the engines want them: secrets looked up, files read. */
export function postgresqlTarget(settings: Omit<PostgresqlReach, "kind">, place: string): PostgresqlTarget {
	const { host, port, database, user, password, passwordFile, tls } = settings;
	const secret =
		passwordFile === undefined
			? password === undefined
				? undefined
				: resolveEnvironment(password, process.env, `${place}.password`)
			: read(passwordFile, `${place}.passwordFile`).trimEnd();
	const pem = (name: "caFile" | "certFile" | "keyFile") =>
		tls === undefined || tls === "off" || tls[name] === undefined ? undefined : read(tls[name], `${place}.tls.${name}`);
	return {
		host,
		port,
		database,
		user,
		password: secret,
		...(tls === undefined || tls === "off"
			? {}
			: { tls: { ca: pem("caFile"), cert: pem("certFile"), key: pem("keyFile"), verify: true } }),
	};
}

function read(file: string, place: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch (cause) {
		throw new MillwrightError("server.file-unreadable", `${file} cannot be read`, {
			kind: "input",
			place,
			hint: "Give the path of a file that this user may read.",
			cause,
		});
	}
}
