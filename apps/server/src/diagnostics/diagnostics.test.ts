import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, MillwrightError } from "@millwright/core";
import { createClock, createLog, createLogMemory } from "@millwright/runtime";
import { strFromU8, unzipSync } from "fflate";
import { afterEach, expect, test } from "vitest";
import { createDiagnostics, type DiagnosticSource } from "./diagnostics.ts";
import { createScrubber, environmentSecrets } from "./scrub.ts";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function bundleOf({
	config = "http: {}\n",
	environment = {},
	secrets = [],
	sources = [],
	lines = () => {},
}: {
	config?: string;
	environment?: Record<string, string>;
	secrets?: string[];
	sources?: DiagnosticSource[];
	lines?(log: ReturnType<typeof createLog>): void;
}): Promise<Record<string, string>> {
	const root = mkdtempSync(join(tmpdir(), "diagnostics-"));
	folders.push(root);
	const data = join(root, "data");
	mkdirSync(join(data, "sense"), { recursive: true });
	writeFileSync(join(data, "sense", "ring.db.broken-17"), "torn");
	writeFileSync(join(data, "audit.jsonl"), "12345");
	writeFileSync(join(root, "millwright.yaml"), config);
	const logMemory = createLogMemory();
	lines(createLog({ destination: { write: () => {} }, memory: logMemory }));
	const clock: Clock = createClock();
	const { part, service } = createDiagnostics({
		data,
		configFile: join(root, "millwright.yaml"),
		version: "1.2.3",
		clock,
		logMemory,
		figures: () => [{ name: "a_total", help: "", type: "counter", value: 7, labels: { connection: "press" } }],
		sources,
		secrets: () => secrets,
		environment,
	});
	await part.start();
	const { body, fileName } = await service.diagnostics();
	expect(fileName).toMatch(/^millwright-diagnostics-.*\.zip$/);
	const chunks: Uint8Array[] = [];
	for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
	await part.stop();
	return Object.fromEntries(Object.entries(unzipSync(Buffer.concat(chunks))).map(([name, bytes]) => [name, strFromU8(bytes)]));
}

test("the bundle holds what support needs, and what cannot be had says why", async () => {
	const files = await bundleOf({
		config: "# our plant\nhttp:\n  listen: { port: 8080 }\n",
		lines: (log) => log.part("ring").warn("slow", { ms: 12 }),
		sources: [
			["ledger.json", async () => ({ read: 5n })],
			["health.json", () => Promise.reject(new MillwrightError("a.b", "the part sleeps"))],
		],
	});
	expect(Object.keys(files)).toEqual([
		"README.txt",
		"config.yaml",
		"log.jsonl",
		"figures.txt",
		"about.json",
		"event-loop.json",
		"disk.json",
		"ledger.json",
		"health.json",
	]);
	expect(files["config.yaml"]).toContain("# our plant");
	expect(JSON.parse(files["log.jsonl"] as string)).toMatchObject({ part: "ring", msg: "slow", ms: 12 });
	expect(files["figures.txt"]).toBe('a_total{connection="press"} 7\n');
	expect(JSON.parse(files["about.json"] as string)).toMatchObject({ version: "1.2.3", node: process.version });
	expect(JSON.parse(files["disk.json"] as string)).toMatchObject({
		folders: [
			{ name: "audit.jsonl", bytes: 5 },
			{ name: "sense/", bytes: 4 },
		],
		setAside: [{ file: "sense/ring.db.broken-17", bytes: 4 }],
	});
	expect(JSON.parse(files["ledger.json"] as string)).toEqual({ read: "5" });
	expect(JSON.parse(files["health.json"] as string)).toEqual({ unavailable: "the part sleeps" });
});

test("no secret of any kind is in the bundle, wherever it was said", async () => {
	const planted = {
		fromEnvironment: "env-Passw0rd!",
		named: "n0t-in-the-config",
		inConfig: 'quo"ted secret',
		apiKey: "mwk_0123456789abcdef_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg",
		session: "Zx9-_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789ab",
		setupCode: "K7QM-3XRD-9HTW-PBEC",
		otherSetupCode: "ABCD-EFGH-JKMN-3456",
		gatewayKey: "3f9c0a".repeat(11),
		privateKey: "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBv\n-----END EC PRIVATE KEY-----",
		passwordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
		urlPassword: "hunter2hunter2",
	};
	const said = [
		planted.fromEnvironment,
		`key ${planted.apiKey}`,
		planted.session,
		planted.setupCode,
		planted.otherSetupCode,
		planted.gatewayKey,
		planted.privateKey,
		planted.passwordHash,
		`opc.tcp://machine:${planted.urlPassword}@10.0.0.7:4840`,
		`Authorization: Bearer ${planted.session}`,
		`the answer was {"password":"${planted.named}"}`,
		`password=${planted.named}`,
		'{"clientSecret":"wholly\\"unknown"}',
		JSON.stringify(JSON.stringify({ pass_token: "doubly quoted" })),
	];
	const files = await bundleOf({
		config: `sense:\n  connections:\n    press:\n      settings:\n        password: '${planted.inConfig}'\n        url: "mqtt://ada:${planted.urlPassword}@host"\n        user: \${env:PLC_USER}\nnamespace:\n  gateways:\n    g1: { signingKey: ${planted.gatewayKey} }\n`,
		environment: { PLC_USER: planted.fromEnvironment, SOME_TOKEN: planted.named, HOME: "/somewhere" },
		secrets: [planted.setupCode],
		lines(log) {
			for (const line of said) log.error(line, { detail: line, token: planted.session, deep: { note: line } });
			log.info(`refused ${planted.inConfig}`);
		},
		sources: [
			["connections.json", () => ({ reason: said, target: planted.inConfig, key: encodeURIComponent(planted.inConfig) })],
		],
	});
	const text = Object.values(files).join("\n");
	for (const [kind, secret] of Object.entries(planted))
		for (const spelt of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
			expect(text.includes(spelt), kind).toBe(false);
	for (const piece of ["MHcCAQEEIBv", "wholly", "unknown", "doubly quoted"]) expect(text).not.toContain(piece);
	// What is no secret stays readable.
	expect(files["config.yaml"]).toContain("$" + "{env:PLC_USER}");
	expect(text).toContain("10.0.0.7:4840");
	expect(
		files["log.jsonl"]
			?.split("\n")
			.filter(Boolean)
			.map((line) => JSON.parse(line) as unknown),
	).toHaveLength(said.length + 1);
});

test("what is no secret is left alone: names, numbers, thumbprints, times", () => {
	const scrub = createScrubber({ secrets: ["ab"] });
	for (const text of [
		"udt/northworks/building-a/line-1/press-1/temperature",
		"2026-11-20T14:00:00.000Z",
		'{"tokens":3,"passwordNeeded":true,"secret":null}',
		"thumbprint 0123456789abcdef0123456789abcdef01234567",
		"northworks-building-a-line-1-the-very-long-name-of-a-press-that-nobody-can-say",
		"millwright-diagnostics-2026-11-20T14-00-00.zip",
	])
		expect(scrub(text)).toBe(text);
	expect(environmentSecrets({ A: "1", MY_KEY: "2", X: "3" }, "a: $" + "{env:X}")).toEqual(["2", "3"]);
});
