import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { httpRoute } from "@millwright/core";
import mqtt from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Session, signIn, until } from "../kit/platform.ts";
import { type Caller, callerAt, operations } from "./caller.ts";
import { type EmptyPlant, startEmptyPlant } from "./empty-plant.ts";
import { httpFrom, upgradeStatus } from "./http-from.ts";

let plant: EmptyPlant;
let admin: Session;
let engineer: Caller;
let url = "";

beforeAll(async () => {
	plant = await startEmptyPlant();
	url = plant.url;
	admin = await signIn(plant.server.ready);
	const { firstPassword } = await admin.access.addPerson({ login: "emma", name: "Emma", roles: ["engineer"] });
	engineer = callerAt(url);
	await engineer.call("access", "signIn", { login: "emma", password: firstPassword });
	await engineer.call("access", "updateMe", { password: { now: firstPassword, next: "a sentence of Emma's" } });
}, 120_000);
afterAll(() => plant?.stop());

/** Nothing of the server's insides: no paths, no stacks, no names of its libraries. */
const insides = /node_modules|\bat .*:\d+:\d+|\.ts:\d+|[Ff]astify|SQLITE|DuckDB|kysely/;

test("another site's page can neither write nor read in a person's name", async () => {
	const { cookie } = admin;
	const host = new URL(url).host;
	const post = (headers: Record<string, string>, body = "{}") =>
		httpFrom(url, { path: "/api/access/me", method: "POST", headers: { cookie, ...headers }, body });
	const json = { "content-type": "application/json" };
	expect((await post({ ...json, "x-millwright": "1", origin: url })).status).toBe(200);
	expect((await post(json)).code).toBe("platform.call-header-missing");
	for (const origin of ["https://evil.example", "null", `http://${host}.evil.example`, `http://evil.example/${host}`, ""])
		expect([origin, (await post({ ...json, "x-millwright": "1", origin })).code]).toEqual([origin, "platform.origin-denied"]);
	for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
		expect((await post({ "content-type": type, "x-millwright": "1" })).code).toBe("platform.media-type");
	const preflight = await httpFrom(url, {
		path: "/api/access/me",
		method: "OPTIONS",
		headers: { origin: "https://evil.example", "access-control-request-method": "POST" },
	});
	expect(Object.keys(preflight.headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
});

test("no write can be made with a GET", async () => {
	const writes = operations.filter(({ operation }) => operation.effect === "write");
	expect(writes.length).toBeGreaterThan(15);
	for (const { operation } of writes) {
		const answer = await httpFrom(url, {
			path: httpRoute(operation).path,
			headers: { cookie: admin.cookie, "x-millwright": "1" },
		});
		expect([operation.path, answer.code]).toEqual([operation.path, "platform.method"]);
	}
});

test("WebSockets open for our own pages and for signed-in people only", async () => {
	const { cookie } = admin;
	const mqttProtocol = { "sec-websocket-protocol": "mqtt" };
	expect(await upgradeStatus(url, "/api/live", { cookie, origin: url })).toBe(101);
	expect(await upgradeStatus(url, "/mqtt", { origin: url, ...mqttProtocol })).toBe(101);
	for (const origin of ["https://evil.example", "null", url.replace("127.0.0.1", "localhost")]) {
		expect([origin, await upgradeStatus(url, "/api/live", { cookie, origin })]).toEqual([origin, 403]);
		expect([origin, await upgradeStatus(url, "/mqtt", { cookie, origin, ...mqttProtocol })]).toEqual([origin, 403]);
	}
	for (const stranger of ["", "millwright_session=guess", "millwright_session="])
		expect(await upgradeStatus(url, "/api/live", { cookie: stranger })).toBe(401);
	expect(await upgradeStatus(url, "/api/access/me", { cookie })).toBe(404);
});

test("MQTT takes a key and nothing else, and a key opens its own topics and nothing else", async () => {
	const addresses = [`mqtt://127.0.0.1:${plant.server.ready.mqttPort}`, `${url.replace("http", "ws")}/mqtt`];
	const { key, secret } = await admin.access.addKey({
		name: "line-1",
		topics: { publish: ["udt/site/line-1/#"], subscribe: ["udt/site/line-1/#"] },
	});
	const { secret: forHttp } = await admin.access.addKey({ name: "http-only", roles: ["administrator"] });
	const session = admin.cookie.split("=")[1] as string;
	const open = (address: string, username: string | undefined, password: string | undefined) =>
		mqtt.connectAsync(address, {
			protocolVersion: 5,
			reconnectPeriod: 0,
			...(username === undefined ? {} : { username }),
			...(password === undefined ? {} : { password }),
			wsOptions: { headers: { cookie: admin.cookie } },
		});
	const strangers = [
		[undefined, undefined],
		["ada", "a plant of one's own"],
		["line-1", session],
		["line-1", `${secret}x`],
		["another name", secret],
		["http-only", forHttp],
	] as const;
	for (const address of addresses) {
		for (const [username, password] of strangers)
			await expect(open(address, username, password), `${address} as ${username}`).rejects.toThrow();
		const client = await open(address, "line-1", secret);
		const granted = await client.subscribeAsync(["udt/site/line-1/#", "udt/#", "#", "$SYS/#", "$share/g/udt/#"]).catch((e) => e);
		expect(granted).toBeInstanceOf(Error);
		const list = await client.subscribeAsync("udt/site/line-1/press/speed");
		expect(list[0]?.qos).toBe(0);
		for (const topic of ["udt/site/line-2/press/speed", "$SYS/broker/version", "udt-dead-letter/x", "other"])
			await expect(client.publishAsync(topic, "{}", { qos: 1 }), topic).rejects.toThrow(/Not authorized/);
		const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
		if (address === addresses.at(-1)) await admin.access.revokeKey({ id: key.id });
		else client.end(true);
		await closed;
	}
	await expect(open(addresses[0] as string, "line-1", secret)).rejects.toThrow();
});

test("every answer carries the headers that keep a browser safe, and says nothing of what runs here", async () => {
	for (const path of ["/", "/api/access/setup", "/api/nothing", "/health", "/some/page"]) {
		const { headers } = await httpFrom(url, { path });
		const policy = String(headers["content-security-policy"]);
		expect(policy).toContain("default-src 'self'");
		expect(policy).toMatch(/script-src 'self'(;|$)/);
		for (const part of ["frame-ancestors 'none'", "object-src 'none'", "base-uri 'self'", "form-action 'self'"])
			expect(policy).toContain(part);
		expect(headers).toMatchObject({
			"x-content-type-options": "nosniff",
			"x-frame-options": "DENY",
			"referrer-policy": "same-origin",
		});
		expect(headers["x-powered-by"]).toBeUndefined();
		expect(headers.server).toBeUndefined();
		if (path.startsWith("/api")) expect(headers["cache-control"]).toBe("no-store");
	}
	const host = await httpFrom(url, { path: "/", headers: { host: "x;script-src *" } });
	expect(String(host.headers["content-security-policy"])).not.toContain("script-src *");
});

/** Writes bytes and reads until the other side hangs up, or has said `until`. */
function raw(bytes: string, until?: RegExp): Promise<string> {
	return new Promise((resolve) => {
		const socket = connect(Number(new URL(url).port), "127.0.0.1");
		let said = "";
		socket.on("data", (chunk: Buffer) => {
			said += chunk.toString();
			if (until?.test(said)) socket.destroy();
		});
		socket.on("error", () => {});
		socket.on("close", () => resolve(said));
		socket.write(bytes);
	});
}

test("no address leads out of the web folder, or to a bug", async () => {
	const up = ["/../../package.json", "/%2e%2e/%2e%2e/package.json", "/..%2f..%2fpackage.json", "/assets/../../package.json"];
	const odd = [
		"//etc/passwd",
		"/\\..\\..\\package.json",
		"/assets/%00",
		"/index.html%00.js",
		"/%",
		"/assets/%c0%ae%c0%ae/",
		"/.built-from",
	];
	for (const path of [...up, ...odd]) {
		const said = await raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
		const status = Number(said.split(" ")[1]);
		expect([path, status < 500]).toEqual([path, true]);
		expect(said).not.toMatch(/workspaces|root:x:0/);
		expect(said).not.toMatch(insides);
	}
	expect(plant.server.errors()).not.toContain("A call met a bug");
});

test("what is no decent request ends in a plain refusal", async () => {
	const head = "POST /api/access/sign-in HTTP/1.1\r\nhost: x\r\n";
	const smuggled = `${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nhost: x\r\n\r\n`;
	for (const bytes of [
		smuggled,
		`${head}x: ${"a".repeat(40_000)}\r\n\r\n`,
		"NONSENSE\r\n\r\n",
		`GET / HTTP/1.1\r\nhost: x\r\nhost: y\n\n`,
	]) {
		const said = await raw(bytes);
		expect(said).toMatch(/^HTTP\/1\.1 4\d\d /);
		expect(said.match(/HTTP\/1\.1/g)).toHaveLength(1);
		expect(said).not.toMatch(insides);
	}
	const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;
	const bodies = [
		"{",
		"[".repeat(500_000),
		deep,
		'{"__proto__":{"x":1}}',
		'{"constructor":{"prototype":{"x":1}}}',
		'"\\ud800"',
		"null",
		"[]",
	];
	for (const body of bodies) {
		const answer = await engineer.send("/api/twin/values", {
			method: "POST",
			headers: { "content-type": "application/json", "x-millwright": "1" },
			body,
		});
		expect([body.slice(0, 40), answer.status]).toEqual([body.slice(0, 40), 400]);
		expect(answer.text).not.toMatch(insides);
	}
	const big = await engineer.call("twin", "values", { tags: ["x".repeat(2_000_000)] }).catch(() => ({ status: 413 }));
	expect(big.status).toBe(413);
	for (const query of ["tags=a&__proto__=1", "limit=1e999", "limit=NaN", "a[b]=1", `x=${"%".repeat(500)}`]) {
		const answer = await httpFrom(url, { path: `/api/twin/search?${query}`, headers: { cookie: admin.cookie } });
		expect([query, answer.status]).toEqual([query, 400]);
	}
	expect((await admin.access.me({})).login).toBe("ada");
});

test("strangers who send nothing, slowly or for ever, keep nobody out", async () => {
	const { port } = new URL(url);
	const sockets: Socket[] = [];
	for (let i = 0; i < 300; i++) {
		const socket = connect(Number(port), "127.0.0.1");
		socket.on("error", () => {});
		if (i % 3 === 0) socket.write("POST /api/access/sign-in HTTP/1.1\r\nhost: x\r\n");
		if (i % 3 === 1)
			socket.write(
				"POST /api/twin/values HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{",
			);
		sockets.push(socket);
	}
	await Promise.all(sockets.filter((socket) => socket.connecting).map((socket) => once(socket, "connect")));
	expect((await admin.access.me({})).login).toBe("ada");
	expect(await upgradeStatus(url, "/api/live", { cookie: admin.cookie })).toBe(101);
	for (const socket of sockets) socket.destroy();
});

test("a stranger is turned away before the body is read", async () => {
	const said = await raw(
		"POST /api/twin/values HTTP/1.1\r\nhost: x\r\nx-millwright: 1\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n{",
		/sign-in-required/,
	);
	expect(said).toMatch(/^HTTP\/1\.1 401 /);
});

test("one person cannot take every live line, nor hold up everybody with filters", async () => {
	const live = () => new WebSocket(`${url.replace("http", "ws")}/api/live`, { headers: { cookie: engineer.cookie } });
	const lines = await Promise.all(
		Array.from({ length: 60 }, () => {
			const line = live();
			return new Promise<WebSocket | undefined>((resolve) => {
				line.addEventListener("open", () => resolve(line));
				line.addEventListener("error", () => resolve(undefined));
			});
		}),
	);
	const mine = lines.filter((line) => line !== undefined);
	expect(mine.length).toBeLessThanOrEqual(50);
	expect(mine.length).toBeGreaterThan(40);
	expect(await upgradeStatus(url, "/api/live", { cookie: admin.cookie })).toBe(101);

	const names = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`t-${i}`, {}]));
	const assets = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`site/hall/line-${i}`, { template: "wide" }]));
	await admin.twin.addAssets({ templates: { wide: { tags: names } }, assets });
	const line = mine[0] as WebSocket;
	const errors: string[] = [];
	const closed = new Promise((resolve) => line.addEventListener("close", (event) => resolve(event.code)));
	line.addEventListener("message", ({ data }) => {
		const message = JSON.parse(String(data)) as { t: string; code: string };
		if (message.t === "error") errors.push(message.code);
	});
	const tags = Array.from({ length: 100 }, (_, i) => `+/+/+/zz-${i}`);
	for (let id = 0; id < 60; id++) line.send(JSON.stringify({ t: "subscribe", id: id % 2, tags }));
	expect(await closed).toBe(4429);
	expect(errors).toContain("live.too-many-requests");
	for (const one of mine) one.close();
});

test("names that people choose stay names: in the file, in questions, in objects", async () => {
	const file = () => readFileSync(plant.config, "utf8");
	const nasty = "x\n  evil: {listen: {host: 0.0.0.0}}\n# &a *a !!js/function";
	const settings = { driver: "modbus", enabled: false, title: nasty, settings: { host: "127.0.0.1", port: 5020, unit: 1 } };
	const { revision } = await admin.sense.previewChange({ connection: "press-1", settings });
	await admin.sense.applyChange({ connection: "press-1", settings, revision });
	expect((await admin.sense.connection({ connection: "press-1" })).settings).toMatchObject({ title: nasty });
	expect(file()).not.toMatch(/^ {2}evil:/m);

	const before = file();
	for (const asset of ["__proto__", "constructor", "a/../b", "a b", "A", "", "a//b", "a/#", "a/+", "/a", "..", "a\u0000b"]) {
		const body = `{"assets":{${JSON.stringify(asset)}:{"template":"wide"}}}`;
		const answer = await engineer.send("/api/twin/assets", {
			method: "POST",
			headers: { "content-type": "application/json", "x-millwright": "1" },
			body,
		});
		expect([asset, asset === "constructor" ? 200 : 400]).toEqual([asset, answer.status]);
	}
	for (const template of ["constructor", "__proto__", "toString"]) {
		const answer = await engineer.call("twin", "addAssets", { assets: { "site/x": { template } } });
		expect([template, answer.status]).toEqual([template, 400]);
		expect(answer.text).toContain("There is no template");
	}
	expect(file().length - before.length).toBeLessThan(200);
	expect(({} as Record<string, unknown>).template).toBeUndefined();

	for (const word of ["' OR 1=1 --", '"; DROP TABLE twin_limit_event; --', "%", "\\"]) {
		expect((await admin.twin.limitEvents({ asset: word })).total).toBe(0);
		expect((await admin.namespace.search({ words: word })).total).toBe(0);
		await expect(admin.history.raw({ tag: word, from: 0, until: 1 })).rejects.toMatchObject({ code: "history.tag-unknown" });
	}
	expect((await admin.twin.limitEvents({})).total).toBe(0);
});

test("a configuration that unfolds without end is refused, and the running one stays", async () => {
	const bomb = [
		"a: &a [x,x,x,x,x,x,x,x,x]",
		..."bcdefghi".split("").map((key, i) => {
			const before = "abcdefgh"[i];
			return `${key}: &${key} [${Array.from({ length: 9 }, () => `*${before}`).join(",")}]`;
		}),
	].join("\n");
	const whole = readFileSync(plant.config, "utf8");
	writeFileSync(plant.config, `${bomb}\n`);
	await until(
		async () => plant.server.errors(),
		(text) => text.includes("The changed configuration is not taken"),
		{
			what: "the refusal in the log",
		},
	);
	const preview = admin.sense.previewChange({ connection: "press-2", settings: null });
	await expect(preview).rejects.toMatchObject({ code: "sense.connection-unknown" });
	expect((await admin.sense.connections({})).connections.map(({ connection }) => connection)).toEqual(["press-1"]);
	writeFileSync(plant.config, whole);
});

test("masked secrets show nowhere in what an engineer is shown, however they are written", async () => {
	const password = 'it\'s "two"\\ words: # *x &y';
	const settings = {
		driver: "opcua",
		enabled: false,
		settings: { endpoint: "opc.tcp://127.0.0.1:4840", user: "bob", password },
	};
	const first = await admin.sense.previewChange({ connection: "cell-1", settings });
	await admin.sense.applyChange({ connection: "cell-1", settings, revision: first.revision });
	const shown = await engineer.call("sense", "connection", { connection: "cell-1" });
	const moved = { ...settings, title: "moved", settings: { ...settings.settings, password: "********" } };
	const change = await engineer.call("sense", "previewChange", { connection: "cell-1", settings: moved });
	const neighbour = await engineer.call("twin", "addAssets", { assets: { "site/y": { template: "wide" } } });
	for (const answer of [first, shown, change, neighbour].map((one) => JSON.stringify(one))) {
		expect(answer).not.toContain("two");
		expect(answer).not.toContain("words");
	}
	expect(change.text).toContain("moved");
	expect(readFileSync(join(plant.data, "audit.jsonl"), "utf8")).not.toContain("words: #");
});
