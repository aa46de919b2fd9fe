import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessApi } from "@millwright/access/api";
import { auditApi } from "@millwright/audit/api";
import { type Api, type Client, createClient } from "@millwright/core";
import { historyApi } from "@millwright/history/api";
import { namespaceApi } from "@millwright/namespace/api";
import { senseApi } from "@millwright/sense/api";
import { twinApi } from "@millwright/twin/api";
import { type Running, root, startProgram } from "./processes.ts";

/** What `start --ready-json` says when it serves. */
export interface ServerReady {
	url: string;
	setupCode?: string;
	mqttPort: number | null;
	pid: number;
}

export type Server = Running<ServerReady>;

export const startServer = (options: { config: string; data: string; env?: Record<string, string> }): Promise<Server> =>
	startProgram<ServerReady>(
		join(root, "apps/server/src/main.ts"),
		["start", "--config", options.config, "--data", options.data, "--ready-json"],
		{ env: options.env ?? {} },
	);

export const administrator = { login: "ada", name: "Ada", password: "a plant of one's own" };

export interface Session {
	url: string;
	/** For the browser and for WebSockets. */
	cookie: string;
	sense: Client<typeof senseApi>;
	namespace: Client<typeof namespaceApi>;
	history: Client<typeof historyApi>;
	twin: Client<typeof twinApi>;
	access: Client<typeof accessApi>;
	audit: Client<typeof auditApi>;
}

/** Makes the first administrator with the code the server printed, or signs in when there is one. */
export async function signIn({ url, setupCode }: { url: string; setupCode?: string }): Promise<Session> {
	let cookie = "";
	const send: typeof fetch = async (input, init) => {
		const response = await fetch(input, {
			...init,
			headers: { ...(init?.headers as Record<string, string>), ...(cookie ? { cookie } : {}) },
		});
		const given = response.headers.get("set-cookie");
		if (given) cookie = given.split(";")[0] as string;
		return response;
	};
	const client = <A extends Api>(step: string, api: A) => createClient(step, api, { baseUrl: url, fetch: send });
	const access = client("access", accessApi);
	if (setupCode) await access.completeSetup({ ...administrator, code: setupCode });
	else await access.signIn({ login: administrator.login, password: administrator.password });
	return {
		url,
		cookie,
		sense: client("sense", senseApi),
		namespace: client("namespace", namespaceApi),
		history: client("history", historyApi),
		twin: client("twin", twinApi),
		access,
		audit: client("audit", auditApi),
	};
}

export function throwAwayFolder(name: string): { folder: string; remove(): void } {
	const folder = mkdtempSync(join(tmpdir(), `millwright-${name}-`));
	return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Asks again until the answer holds or the time is over; for facts that come from another process. */
export async function until<T>(
	ask: () => Promise<T>,
	holds: (answer: T) => boolean,
	{ withinMs = 30_000, everyMs = 100, what = "the fact" } = {},
): Promise<T> {
	const deadline = performance.now() + withinMs;
	let last: T | undefined;
	for (;;) {
		try {
			last = await ask();
			if (holds(last)) return last;
		} catch (thrown) {
			if (performance.now() > deadline) throw thrown;
		}
		if (performance.now() > deadline)
			throw new Error(`${what} did not come about in ${withinMs} ms; last: ${JSON.stringify(last)?.slice(0, 2000)}`);
		await new Promise((resolve) => setTimeout(resolve, everyMs));
	}
}
