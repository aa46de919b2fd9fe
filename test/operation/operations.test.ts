import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HistorySettings } from "@millwright/history/api";
import { createClock, openTagDirectory, silentLog } from "@millwright/runtime";
import { strFromU8, unzipSync } from "fflate";
import { afterEach, expect, test } from "vitest";
import { createSeries } from "../../apps/server/src/history-engine.ts";
import { migrations } from "../../apps/server/src/migrations.ts";
import { makeRecords, makeRing } from "../../apps/server/src/upgrade/fixtures-for-test.ts";
import { type Server, signIn, startServer, throwAwayFolder, until } from "../kit/platform.ts";
import { command } from "./command.ts";

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

async function platform({
	config = {},
	env = {},
	prepare = () => {},
}: {
	config?: Record<string, unknown>;
	env?: Record<string, string>;
	prepare?(data: string): void;
} = {}): Promise<{ server: Server; folder: string; data: string; file: string }> {
	const { folder, remove } = throwAwayFolder("operations");
	ends.push(remove);
	const file = join(folder, "millwright.yaml");
	const data = join(folder, "data");
	mkdirSync(data);
	prepare(data);
	writeFileSync(
		file,
		JSON.stringify({
			http: { listen: { port: 0 } },
			namespace: { mqtt: { listen: { port: 0 } } },
			log: { level: "debug" },
			...config,
		}),
	);
	const server = await startServer({ config: file, data, env });
	ends.push(() => server.stop());
	return { server, folder, data, file };
}

test("the diagnostics of a real platform hold none of its secrets, and none of those somebody sent it", async () => {
	const planted = {
		environment: `env-${randomBytes(9).toString("hex")}`,
		inConfig: `cfg-${randomBytes(9).toString("hex")}`,
		wrongPassword: `pw-${randomBytes(9).toString("hex")}`,
	};
	const { server, folder } = await platform({
		config: {
			sense: {
				maps: {},
				connections: {
					press: {
						driver: "opcua",
						settings: {
							endpoint: "opc.tcp://127.0.0.1:9",
							security: "None",
							login: { user: "ada", password: planted.inConfig },
						},
						machines: [],
					},
				},
			},
		},
		env: { MILLWRIGHT_SECRET_PLC: planted.environment },
	});
	const { setupCode } = server.ready;
	const session = await signIn(server.ready);
	const { secret } = await session.access.addKey({ name: "support", roles: ["administrator"] });
	const { secret: forMqtt } = await session.access.addKey({ name: "gateway", topics: { publish: ["a/#"], subscribe: [] } });
	await session.access.signIn({ login: "ada", password: planted.wrongPassword }).catch(() => {});
	const to = join(folder, "bundle.zip");
	const env = { MILLWRIGHT_URL: server.ready.url, MILLWRIGHT_KEY: secret };
	expect(await command(["diagnostics", "--to", to], { env })).toMatchObject({ code: 0 });
	const files = Object.entries(unzipSync(readFileSync(to))).map(([name, bytes]) => [name, strFromU8(bytes)] as const);
	expect(files.map(([name]) => name)).toEqual(
		expect.arrayContaining(["config.yaml", "log.jsonl", "health.json", "ledger.json", "connections.json", "capacity.json"]),
	);
	const token = session.cookie.slice(session.cookie.indexOf("=") + 1);
	const secrets = {
		...planted,
		setupCode: setupCode as string,
		secret,
		forMqtt,
		token,
		half: secret.split("_").at(-1) as string,
	};
	for (const [name, text] of files)
		for (const [kind, value] of Object.entries(secrets)) expect(text.includes(value), `${kind} in ${name}`).toBe(false);
	const log = files.find(([name]) => name === "log.jsonl")?.[1] ?? "";
	expect(log.split("\n").length).toBeGreaterThan(2);
	// A key without the right to it gets none.
	const denied = await command(["diagnostics", "--to", join(folder, "no.zip")], { env: { ...env, MILLWRIGHT_KEY: forMqtt } });
	expect(denied).toMatchObject({ code: 1 });
}, 60_000);

test("how full the box is is said in one sentence, with every share's own words", async () => {
	const { server } = await platform();
	const session = await signIn(server.ready);
	const { secret } = await session.access.addKey({ name: "watch", roles: ["engineer"] });
	const env = { MILLWRIGHT_URL: server.ready.url, MILLWRIGHT_KEY: secret };
	const answer = await until(
		async () => JSON.parse((await command(["platform", "capacity", "--json"], { env })).out) as Record<string, unknown>,
		({ shares }) => (shares as { name: string; counts: boolean }[]).every(({ counts }) => counts),
		{ what: "a measured box", withinMs: 40_000 },
	);
	expect(answer.sentence).toMatch(/^This box is \d+ % used; first limit: /);
	const shares = answer.shares as { name: string; used: number; how: string }[];
	expect(shares.map(({ name }) => name)).toEqual([
		"cpu",
		"main-thread",
		"ring-disk",
		"memory",
		"disk",
		"tags",
		"mqtt-clients",
		"http-connections",
	]);
	expect(Math.max(...shares.map(({ used }) => used))).toBe(answer.used);
	expect(shares.find(({ name }) => name === "cpu")?.used).toBeGreaterThan(0);
}, 60_000);

test("a data folder of the first release starts, keeps its people, and says what it has become", async () => {
	const { server, data } = await platform({
		prepare(folder) {
			mkdirSync(join(folder, "sense"));
			makeRing(join(folder, "sense", "ring.db"), 1);
			makeRecords(join(folder, "records.sqlite"), migrations.slice(0, 1));
			const tags = openTagDirectory({ file: join(folder, "tags.sqlite") });
			tags.assign(["northworks/press/level"]);
			tags.close();
		},
	});
	// Somebody is there already: no set-up code is made.
	expect(server.ready.setupCode).toBeUndefined();
	expect(server.errors()).toContain("The data is up to date");
	const { schemas } = JSON.parse(readFileSync(join(data, "schema.json"), "utf8")) as {
		schemas: { records: string[]; ring: number };
	};
	expect(schemas.records).toEqual(migrations.map(({ name }) => name).sort());
	expect(schemas.ring).toBeGreaterThan(1);
	// What the old ring had not yet handed on is in the history now.
	await until(
		async () => (await fetch(`${server.ready.url}/metrics`)).text(),
		(text) => /^millwright_history_samples_stored_total 20$/m.test(text),
		{ what: "twenty samples in the history" },
	);
	await server.stop();
	const engine = createSeries({ data, settings: HistorySettings.parse({}), clock: createClock(), log: silentLog });
	await engine.start();
	const { values } = await engine.raw({ tag: 1, range: { from: 0n, until: 2n ** 62n }, limit: 100 });
	await engine.stop();
	expect([...values]).toEqual(Array.from({ length: 20 }, (_, i) => i + 10));
}, 60_000);

test("a second platform on the same data folder is refused, and a folder of a newer one is left as it is", async () => {
	const { data, file } = await platform();
	await expect(startServer({ config: file, data })).rejects.toThrow(/Another Millwright uses/);
	const { folder, remove } = throwAwayFolder("newer");
	ends.push(remove);
	makeRecords(join(folder, "records.sqlite"), [...migrations, { name: "zeal/001-later", up: ["CREATE TABLE later (a TEXT)"] }]);
	const before = readFileSync(join(folder, "records.sqlite"));
	await expect(startServer({ config: file, data: folder })).rejects.toThrow(/newer Millwright/);
	expect(readFileSync(join(folder, "records.sqlite")).equals(before)).toBe(true);
}, 60_000);
