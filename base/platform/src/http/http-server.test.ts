import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { createClient, MillwrightError } from "@millwright/core";
import { createClock, memoryTagDirectory, silentLog } from "@millwright/runtime";
import { afterEach, expect, test } from "vitest";
import WebSocket from "ws";
import { platformApi } from "../api.ts";
import { gatekeeper, memoryAudit, type Press, pressApi, pressService } from "../for-test.ts";
import { createLive } from "../live/live.ts";
import { createPlatform } from "../platform-service.ts";
import { createHttpServer, type HttpServerOptions } from "./http-server.ts";
import { mounted } from "./services.ts";

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
	for (const part of open.splice(0)) await part.stop();
});

async function serverForTest(over: Partial<HttpServerOptions> = {}, service: Partial<Press> = {}) {
	const audit = memoryAudit();
	const clock = createClock();
	const health = () => [{ name: "sense", state: "degraded" as const, reason: "one machine is away" }];
	const errors: Record<string, unknown>[] = [];
	const log = {
		...silentLog,
		part: () => log,
		error: (_: string, data?: Record<string, unknown>) => void errors.push(data ?? {}),
	};
	const http = createHttpServer({
		listen: { host: "127.0.0.1", port: 0 },
		log,
		clock,
		gatekeeper,
		audit,
		services: [
			mounted("press", pressApi, pressService(service)),
			mounted(
				"platform",
				{ health: platformApi.health, about: platformApi.about },
				createPlatform({ version: "1.2.3", clock, health }),
			),
		],
		health,
		figures: () => [
			{ name: "sense_values_read_total", help: "Values read", type: "counter", value: 7, labels: { connection: "cnc" } },
			{ name: "sense_values_read_total", help: "Values read", type: "counter", value: 8, labels: { connection: "pump" } },
			{ name: "live_clients", help: "Clients", type: "gauge", value: Number.NaN },
		],
		version: "1.2.3",
		checkOutput: true,
		...over,
	});
	await http.start();
	open.push(http);
	const ask = (path: string, init: RequestInit & { as?: string; key?: string } = {}) =>
		fetch(http.url + path, {
			...init,
			headers: {
				...(init.as ? { cookie: `millwright_session=${init.as}` } : {}),
				...(init.key ? { authorization: `Bearer ${init.key}` } : {}),
				...init.headers,
			},
		});
	const post = (path: string, body: unknown, init: RequestInit & { as?: string; key?: string } = {}) =>
		ask(path, {
			method: "POST",
			body: typeof body === "string" ? body : JSON.stringify(body),
			...init,
			headers: { "content-type": "application/json", "x-millwright": "1", ...init.headers },
		});
	return { http, audit, errors, ask, post };
}
const bodyOf = async (response: Promise<Response> | Response) => (await (await response).json()) as Record<string, unknown>;

test("the typed client reaches every sort of operation", async () => {
	const { http, audit } = await serverForTest();
	const press = createClient("press", pressApi, { baseUrl: http.url, headers: { authorization: "Bearer emma" } });
	expect(await press.state({ asset: "a/b", tags: ["x", "y"] })).toEqual({ asset: "a/b", limit: 10, tags: ["x", "y"] });
	expect(await press.query({ range: { from: 1, until: 2 } })).toEqual({ range: { from: 1, until: 2 } });
	expect(await press.setLimits({ asset: "a" }, { why: "más frío" })).toEqual({ done: true });
	expect(audit.entries).toMatchObject([{ who: { id: "user_emma" }, why: "más frío", from: "127.0.0.1" }]);
	const tags = Array.from({ length: 500 }, (_, i) => `line-1/cnc-${i}/temperature`);
	expect(await press.state({ asset: "a", tags })).toMatchObject({ tags });
	const error = await press.setLimits({ asset: "" }).catch((thrown) => thrown);
	expect(error).toBeInstanceOf(MillwrightError);
	expect(error).toMatchObject({ code: "press.input-invalid", place: "asset", kind: "input" });
});

test("query parameters are typed and a wrong one is named", async () => {
	const { ask } = await serverForTest();
	expect(await bodyOf(ask("/api/press/state?asset=a&limit=3", { as: "emma" }))).toEqual({ asset: "a", limit: 3, tags: [] });
	const response = await ask("/api/press/state?asset=a&limit=three", { as: "emma" });
	expect(response.status).toBe(400);
	expect(await bodyOf(response)).toMatchObject({ code: "press.input-invalid", place: "limit" });
});

test("a session begins and ends with a cookie no script can read", async () => {
	const { post } = await serverForTest();
	const cookie = (await post("/api/press/sign-in", { login: "emma", password: "x" })).headers.get("set-cookie") ?? "";
	expect(cookie).toMatch(/^millwright_session=emma; /);
	for (const part of ["HttpOnly", "SameSite=Strict", "Path=/"]) expect(cookie).toContain(part);
	expect(cookie).not.toContain("Secure");
	const ended = (await post("/api/press/sign-out", {}, { as: "emma" })).headers.get("set-cookie") ?? "";
	expect(ended).toMatch(/^millwright_session=; .*Expires=Thu, 01 Jan 1970/);
});

test("behind a TLS proxy the cookie is Secure and the address is the visitor's", async () => {
	const { post, audit } = await serverForTest({ trustProxy: true });
	const response = await post(
		"/api/press/sign-in",
		{ login: "emma", password: "x" },
		{
			headers: {
				"x-forwarded-proto": "https",
				// The first was sent by the visitor, who would like to be somebody else.
				"x-forwarded-for": "127.0.0.1, 203.0.113.9",
				"content-type": "application/json",
				"x-millwright": "1",
			},
		},
	);
	expect(response.headers.get("set-cookie")).toContain("Secure");
	expect(audit.entries).toMatchObject([{ from: "203.0.113.9", input: { login: "emma", password: "[secret]" } }]);
});

test("a session does not begin when its entry cannot be written", async () => {
	const { post, audit } = await serverForTest();
	audit.broken = true;
	const response = await post("/api/press/sign-in", { login: "emma", password: "x" });
	expect(response.status).toBe(503);
	expect(response.headers.get("set-cookie")).toBeNull();
	expect(await bodyOf(response)).toMatchObject({ code: "platform.audit-failed", kind: "outage" });
});

test("strangers are 401, the wrong role and clearance 403", async () => {
	const { ask, post } = await serverForTest();
	expect((await ask("/api/press/state?asset=a")).status).toBe(401);
	expect((await ask("/api/press/state?asset=a", { as: "mallory" })).status).toBe(401);
	expect(await bodyOf(post("/api/press/limits", { asset: "a" }, { as: "olga" }))).toMatchObject({ code: "platform.role-denied" });
	expect(await bodyOf(ask("/api/press/recipe", { key: "olga" }))).toMatchObject({ code: "platform.clearance-denied" });
	expect((await ask("/api/press/setup", { as: "mallory" })).status).toBe(200);
});

test("a foreign page cannot write in a person's name", async () => {
	const { http, ask, post, audit } = await serverForTest();
	const json = { "content-type": "application/json" };
	const bare = await ask("/api/press/limits", { method: "POST", as: "emma", body: '{"asset":"a"}', headers: json });
	expect(bare.status).toBe(403);
	expect(await bodyOf(bare)).toMatchObject({ code: "platform.call-header-missing" });
	for (const origin of ["https://evil.example", "null", "http://127.0.0.1:1"])
		expect(
			await bodyOf(post("/api/press/limits", { asset: "a" }, { as: "emma", headers: { ...json, "x-millwright": "1", origin } })),
		).toMatchObject({
			code: "platform.origin-denied",
		});
	expect(audit.entries).toEqual([]);
	const own = await post(
		"/api/press/limits",
		{ asset: "a" },
		{ as: "emma", headers: { ...json, "x-millwright": "1", origin: http.url } },
	);
	expect(own.status).toBe(200);
	const byKey = await ask("/api/press/limits", { method: "POST", key: "emma", body: '{"asset":"a"}', headers: json });
	expect(byKey.status).toBe(200);
});

test("every answer carries the security headers and none says what serves it", async () => {
	const { ask } = await serverForTest();
	for (const path of ["/api/press/setup", "/api/nothing", "/health", "/nothing.js"]) {
		const { headers } = await ask(path);
		const policy = headers.get("content-security-policy") ?? "";
		expect(policy).toContain("default-src 'self'");
		expect(policy).toContain("script-src 'self';");
		expect(policy).toContain("frame-ancestors 'none'");
		expect(policy).toMatch(/connect-src 'self' ws:\/\/127\.0\.0\.1:\d+ wss:/);
		expect(headers.get("x-content-type-options")).toBe("nosniff");
		expect(headers.get("x-frame-options")).toBe("DENY");
		expect(headers.get("referrer-policy")).toBe("same-origin");
		expect(headers.get("server")).toBeNull();
		expect(headers.get("x-powered-by")).toBeNull();
	}
	expect((await ask("/api/press/setup")).headers.get("cache-control")).toBe("no-store");
});

test("one address cannot ask for ever, and signing in has a limit of its own", async () => {
	const { ask, post } = await serverForTest({ rateLimit: { perMinute: 8, anonymousWritesPerMinute: 2 } });
	const signIn = () => post("/api/press/sign-in", { login: "emma", password: "x" });
	expect([(await signIn()).status, (await signIn()).status]).toEqual([200, 200]);
	const third = await signIn();
	expect(third.status).toBe(429);
	expect(third.headers.get("retry-after")).toBeTruthy();
	expect(await bodyOf(third)).toMatchObject({
		code: "platform.too-many-requests",
		kind: "busy",
		hint: expect.stringContaining("Wait"),
	});
	const statuses: number[] = [];
	for (let i = 0; i < 10; i++) statuses.push((await ask("/api/press/setup")).status);
	expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
	expect(statuses.at(-1)).toBe(429);
});

test.each([
	["without credentials", "/api/press/state?asset=a", {}],
	["with wrong ones", "/api/press/state?asset=a", { key: "mallory" }],
	["for what does not exist", "/api/press/nothing", {}],
])("knocking %s is counted too", async (_, path, as) => {
	const { ask } = await serverForTest({ rateLimit: { perMinute: 3, anonymousWritesPerMinute: 2 } });
	const statuses: number[] = [];
	for (let i = 0; i < 4; i++) statuses.push((await ask(path, as)).status);
	expect(statuses.at(0)).toBeLessThan(429);
	expect(statuses.at(-1)).toBe(429);
});

test.each([
	["malformed JSON", '{"asset": ', 400, "platform.json-invalid"],
	["a key into the prototype", '{"asset":"a","__proto__":{"admin":true}}', 400, "platform.json-invalid"],
	["a key into the constructor", '{"asset":"a","constructor":{"prototype":{"admin":true}}}', 400, "platform.json-invalid"],
	["bottomless nesting", `${'{"a":'.repeat(100)}1${"}".repeat(100)}`, 400, "platform.json-invalid"],
	["no object", '"text"', 400, "press.input-invalid"],
	["an oversized body", JSON.stringify({ asset: "x".repeat(1_100_000) }), 413, "platform.body-too-large"],
])("%s is refused in our own words", async (_, body, status, code) => {
	const { post, audit } = await serverForTest();
	const response = await post("/api/press/limits", body, { as: "emma" });
	expect(response.status).toBe(status);
	expect(await bodyOf(response)).toMatchObject({ code, kind: "input", message: expect.any(String), hint: expect.any(String) });
	expect(audit.entries.every(({ outcome }) => outcome === "refused")).toBe(true);
	expect(({} as { admin?: boolean }).admin).toBeUndefined();
});

test("only JSON is taken", async () => {
	const { post } = await serverForTest();
	for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
		const response = await post("/api/press/limits", "asset=a", {
			as: "emma",
			headers: { "content-type": type, "x-millwright": "1" },
		});
		expect(response.status).toBe(415);
		expect(await bodyOf(response)).toMatchObject({ code: "platform.media-type" });
	}
});

test("an unknown address and a wrong method are told in JSON", async () => {
	const { ask, post } = await serverForTest({ webFolder: webFolder() });
	const unknown = await ask("/api/press/nothing");
	expect(unknown.status).toBe(404);
	expect(await bodyOf(unknown)).toMatchObject({ code: "platform.path-unknown", kind: "missing", hint: expect.any(String) });
	const wrong = await ask("/api/press/limits", { as: "emma" });
	expect(wrong.status).toBe(405);
	expect(wrong.headers.get("allow")).toBe("POST");
	expect((await ask("/api/press/state", { method: "DELETE", as: "emma" })).headers.get("allow")).toBe("GET, POST");
	expect((await post("/api/", {})).status).toBe(404);
	expect((await ask("/api/%E0%A4%A")).status).toBe(400);
});

test("a bug is told by a reference that stands in the log, and nothing else gets out", async () => {
	const { ask, errors } = await serverForTest(
		{},
		{
			setup: () => Promise.reject(new TypeError("cannot read /etc/millwright/key of undefined")),
		},
	);
	const response = await ask("/api/press/setup");
	expect(response.status).toBe(500);
	const text = await response.text();
	expect(text).not.toMatch(/etc|TypeError|\.ts/);
	const { data } = JSON.parse(text) as { data: { reference: string } };
	expect(errors).toMatchObject([{ reference: data.reference, cause: expect.stringContaining("TypeError"), what: "press.setup" }]);
});

test("a download streams under its name, and one that breaks does not look whole", async () => {
	const { ask } = await serverForTest();
	const response = await ask("/api/press/export?rows=20000", { as: "emma" });
	expect(response.headers.get("content-type")).toBe("text/csv");
	expect(response.headers.get("content-disposition")).toBe(
		"attachment; filename=\"l_nea _3__d_a.csv\"; filename*=UTF-8''l%C3%ADnea%20%223%22_d%C3%ADa.csv",
	);
	expect((await response.text()).split("\n")).toHaveLength(20_001);
	await expect(ask("/api/press/export?rows=5&break=true", { as: "emma" }).then((broken) => broken.text())).rejects.toThrow();
	expect((await ask("/api/press/setup")).status).toBe(200);
});

test("a caller who hangs up is noticed by the service", async () => {
	let aborted: (value: unknown) => void = () => {};
	const noticed = new Promise((resolve) => {
		aborted = resolve;
	});
	let begun: () => void = () => {};
	const started = new Promise<void>((resolve) => {
		begun = resolve;
	});
	const { ask } = await serverForTest(
		{},
		{
			setup: (_, call) =>
				new Promise((_resolve, reject) => {
					begun();
					call?.signal?.addEventListener("abort", () => {
						aborted(true);
						reject(call.signal?.reason);
					});
				}),
		},
	);
	const controller = new AbortController();
	const asked = ask("/api/press/setup", { signal: controller.signal });
	await started;
	controller.abort();
	await expect(asked).rejects.toThrow();
	expect(await noticed).toBe(true);
});

test("health is public in a word and detailed for those signed in", async () => {
	const { ask } = await serverForTest();
	expect(await bodyOf(ask("/health"))).toEqual({ state: "degraded", at: expect.any(Number) });
	expect((await ask("/api/platform/health")).status).toBe(401);
	expect(await bodyOf(ask("/api/platform/health", { as: "olga" }))).toMatchObject({
		parts: [{ name: "sense", reason: "one machine is away" }],
	});
	expect(await bodyOf(ask("/api/platform/about", { as: "olga" }))).toMatchObject({
		version: "1.2.3",
		machine: { node: process.version },
	});
	const failing = await serverForTest({ health: () => [{ name: "records", state: "failing" }] });
	expect((await failing.ask("/health")).status).toBe(503);
});

test("metrics are for this machine and for those signed in", async () => {
	const { ask } = await serverForTest();
	await ask("/api/press/setup");
	const text = await (await ask("/metrics")).text();
	expect(text).toContain('millwright_sense_values_read_total{connection="cnc"} 7');
	expect(text).toContain('millwright_sense_values_read_total{connection="pump"} 8');
	expect(text).toContain("process_resident_memory_bytes");
	expect(text).toMatch(/millwright_http_call_seconds_count\{operation="press\.setup",status="2xx"\} 1/);
	const forwarded = { "x-forwarded-for": "203.0.113.9" };
	expect((await ask("/metrics", { headers: forwarded })).status).toBe(401);
	expect((await ask("/metrics", { headers: forwarded, key: "olga" })).status).toBe(200);
});

test("the OpenAPI page lists every operation for those signed in", async () => {
	const { ask } = await serverForTest();
	expect((await ask("/api/openapi.json")).status).toBe(401);
	const document = await bodyOf(ask("/api/openapi.json", { as: "olga" }));
	expect(Object.keys(document.paths as object)).toEqual(expect.arrayContaining(["/api/press/state", "/api/platform/about"]));
});

let folder: string | undefined;
afterEach(() => {
	if (folder) rmSync(folder, { recursive: true });
	folder = undefined;
});
function webFolder(): string {
	folder = mkdtempSync(join(tmpdir(), "millwright-web-"));
	mkdirSync(join(folder, "assets"));
	writeFileSync(join(folder, "index.html"), "<html>app</html>");
	writeFileSync(join(folder, "assets/index-a1B2c3D4.js"), "plain()");
	writeFileSync(join(folder, "assets/index-a1B2c3D4.js.br"), brotliCompressSync("compressed()"));
	writeFileSync(join(folder, ".secret"), "x");
	return folder;
}

test("the web app is served, its pages fall back to it, and hashed files last", async () => {
	const { ask } = await serverForTest({ webFolder: webFolder() });
	for (const path of ["/", "/twin/line-1", "/index.html"]) {
		const page = await ask(path);
		expect(await page.text()).toBe("<html>app</html>");
		expect(page.headers.get("cache-control")).toBe("no-cache");
	}
	const asset = await ask("/assets/index-a1B2c3D4.js", { headers: { "accept-encoding": "br" } });
	expect(asset.headers.get("content-encoding")).toBe("br");
	expect(asset.headers.get("content-type")).toContain("javascript");
	expect(asset.headers.get("cache-control")).toContain("immutable");
	expect(await asset.text()).toBe("compressed()");
	expect(await (await ask("/assets/index-a1B2c3D4.js", { headers: { "accept-encoding": "identity" } })).text()).toBe("plain()");
	for (const path of ["/assets/missing-a1B2c3D4.js", "/.secret", "/..%2f..%2fetc%2fpasswd.txt"])
		expect((await ask(path)).status, path).toBeGreaterThanOrEqual(400);
	expect((await ask("/", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })).status).toBe(404);
});

test("upgrades go to their path, from pages of this host only", async () => {
	const { http } = await serverForTest();
	const seen: string[] = [];
	const hang = (name: string) => (_: unknown, socket: { end(text: string): void }) => {
		seen.push(name);
		socket.end("HTTP/1.1 418 Teapot\r\n\r\n");
	};
	http.onUpgrade("/api/live", hang("live"));
	http.onUpgrade("/mqtt", hang("mqtt"), { anyOrigin: true });
	const statusOf = async (path: string, origin?: string) => {
		const socket = new WebSocket(http.url.replace("http", "ws") + path, origin ? { origin } : {});
		socket.on("error", () => {});
		const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
		return response.statusCode;
	};
	expect(await statusOf("/api/live")).toBe(418);
	expect(await statusOf("/api/live", http.url)).toBe(418);
	expect(await statusOf("/api/live", "https://evil.example")).toBe(403);
	expect(await statusOf("/mqtt", "https://evil.example")).toBe(418);
	expect(await statusOf("/elsewhere")).toBe(404);
	expect(seen).toEqual(["live", "live", "mqtt"]);
});

test("live updates come through the same door, and stopping it with people on the line settles", async () => {
	const { http } = await serverForTest();
	const directory = memoryTagDirectory();
	directory.assign(["a/x"]);
	const live = createLive({
		directory,
		clock: createClock(),
		log: silentLog,
		gatekeeper,
		version: "1",
		frameMs: 1,
		latest: () => ({ time: 1, value: 2, quality: 0 }),
		maySeeTag: () => true,
	});
	await live.start();
	http.onUpgrade("/api/live", live.handleUpgrade);
	const socket = new WebSocket(`${http.url.replace("http", "ws")}/api/live`, {
		origin: http.url,
		headers: { cookie: "millwright_session=olga" },
	});
	const texts: string[] = [];
	socket.on("message", (data) => texts.push(String(data)));
	await once(socket, "open");
	socket.send('{"t":"subscribe","id":1,"tags":["#"]}');
	while (!texts.some((text) => text.includes('"t":"values"'))) await once(socket, "message");
	const closed = once(socket, "close");
	await http.stop();
	await closed;
	await live.stop();
	expect(live.clients()).toEqual([]);
});

test("rubbish on the port harms nobody", async () => {
	const { http, ask } = await serverForTest();
	const { port } = new URL(http.url);
	const socket = connect(Number(port), "127.0.0.1");
	socket.on("error", () => {});
	socket.end("\x16\x03\x01 this is not HTTP\r\n\r\n");
	await once(socket.resume(), "close");
	expect((await ask("/api/press/setup")).status).toBe(200);
});

test("a port that is taken says which and what to do", async () => {
	const { http } = await serverForTest();
	const port = Number(new URL(http.url).port);
	await expect(serverForTest({ listen: { host: "127.0.0.1", port } })).rejects.toMatchObject({
		code: "platform.cannot-listen",
		kind: "outage",
		hint: expect.stringContaining("http.port"),
	});
});
