import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import mqtt from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { administrator, type Server, startServer, throwAwayFolder } from "../kit/platform.ts";
import { root } from "../kit/processes.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const { folder, remove } = throwAwayFolder("tls");
const [certFile, keyFile] = [join(folder, "server.crt"), join(folder, "server.key")];
let server: Server;
let ca: Buffer;
let cookie = "";

interface Reply {
	status: number;
	headers: Record<string, string | string[] | undefined>;
	body: Record<string, unknown>;
}

const post = (path: string, input: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
	new Promise((resolve, reject) => {
		const asked = request(
			`${server.ready.url}${path}`,
			{ method: "POST", ca, headers: { "content-type": "application/json", "x-millwright": "1", ...headers } },
			(response) => {
				let text = "";
				response.on("data", (chunk: Buffer) => {
					text += chunk.toString();
				});
				response.on("end", () =>
					resolve({
						status: response.statusCode ?? 0,
						headers: response.headers,
						body: JSON.parse(text || "{}") as Record<string, unknown>,
					}),
				);
			},
		);
		asked.on("error", reject);
		asked.end(JSON.stringify(input));
	});

beforeAll(async () => {
	if (!hasOpenssl) return;
	const about = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"];
	execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-keyout", keyFile, "-out", certFile, ...about], {
		stdio: "ignore",
	});
	ca = readFileSync(certFile);
	const config = join(folder, "millwright.yaml");
	const http = { listen: { port: 0 }, tls: { certFile, keyFile } };
	writeFileSync(config, JSON.stringify({ http, namespace: { mqtt: { listen: { port: 0 } } } }));
	server = await startServer({ config, data: join(folder, "data") });
}, 120_000);
afterAll(async () => {
	await server?.stop();
	remove();
});

test.skipIf(!hasOpenssl)("with a certificate the address is https, and cookies never travel openly", async () => {
	expect(server.ready.url).toMatch(/^https:\/\//);
	const answer = await post("/api/access/setup/complete", { ...administrator, code: server.ready.setupCode });
	expect(answer.status).toBe(200);
	const given = String(answer.headers["set-cookie"]);
	for (const part of ["Secure", "HttpOnly", "SameSite=Strict"]) expect(given).toContain(part);
	expect(answer.headers["strict-transport-security"]).toMatch(/max-age=\d{8}/);
	expect(answer.headers["cross-origin-opener-policy"]).toBe("same-origin");
	cookie = given.split(";")[0] as string;
});

test.skipIf(!hasOpenssl)("the port speaks nothing but TLS 1.2 and 1.3", async () => {
	const port = Number(new URL(server.ready.url).port);
	const plain = await new Promise<string>((resolve) => {
		const socket = connectPlain(port, "127.0.0.1", () => socket.write("GET /health HTTP/1.1\r\nhost: x\r\n\r\n"));
		let said = "";
		socket.on("data", (chunk: Buffer) => {
			said += chunk.toString("latin1");
		});
		socket.on("error", () => {});
		socket.on("close", () => resolve(said));
	});
	expect(plain).not.toContain("state");
	const speaks = (version: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3") =>
		new Promise<boolean>((resolve) => {
			const socket = connect({
				port,
				host: "127.0.0.1",
				ca,
				minVersion: version,
				maxVersion: version,
				ciphers: "DEFAULT@SECLEVEL=0",
			});
			socket.on("secureConnect", () => {
				resolve(true);
				socket.destroy();
			});
			socket.on("error", () => resolve(false));
		});
	expect(await Promise.all((["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const).map(speaks))).toEqual([
		false,
		false,
		true,
		true,
	]);
});

test.skipIf(!hasOpenssl)("live updates and MQTT over WebSocket travel encrypted", async () => {
	const wss = server.ready.url.replace("https", "wss");
	const hello = await new Promise<string>((resolve, reject) => {
		const asked = request(`${server.ready.url}/api/live`, {
			ca,
			headers: {
				cookie,
				origin: server.ready.url,
				connection: "Upgrade",
				upgrade: "websocket",
				"sec-websocket-version": "13",
				"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
			},
		});
		asked.on("upgrade", (_response, socket, head) => {
			if (head.length > 0) socket.unshift(head);
			socket.once("data", (data: Buffer) => {
				resolve(data.toString());
				socket.destroy();
			});
		});
		asked.on("response", ({ statusCode }) => reject(new Error(`Answered with ${statusCode}`)));
		asked.on("error", reject);
		asked.end();
	});
	expect(hello).toContain('"t":"hello"');
	const { body } = await post(
		"/api/access/keys/add",
		{ name: "bridge", topics: { publish: [], subscribe: ["udt/#"] } },
		{ cookie },
	);
	const client = await mqtt.connectAsync(`${wss}/mqtt`, {
		protocolVersion: 5,
		username: "bridge",
		password: body.secret as string,
		reconnectPeriod: 0,
		wsOptions: { ca },
	});
	expect((await client.subscribeAsync("udt/#"))[0]?.qos).toBe(0);
	await client.endAsync(true);
});

/** What a start with this configuration ends with. */
function refusalOf(over: Record<string, unknown>): { status: number | null; said: string } {
	const config = join(folder, "refused.yaml");
	writeFileSync(config, JSON.stringify({ namespace: { mqtt: { listen: null } }, ...over }));
	const script = join(root, "apps/server/src/main.ts");
	const args = [script, "start", "--config", config, "--data", join(folder, "refused")];
	const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 });
	return { status, said: stderr };
}

test("without a certificate it does not start for other machines, and with a broken one it says which", () => {
	const open = refusalOf({ http: { listen: { host: "0.0.0.0", port: 0 } } });
	expect(open.status).toBe(1);
	expect(open.said).toContain("Passwords would travel openly");
	const missing = refusalOf({ http: { listen: { port: 0 }, tls: { certFile: join(folder, "no.crt"), keyFile } } });
	expect(missing.status).toBe(1);
	expect(missing.said).toContain("no.crt");
});
