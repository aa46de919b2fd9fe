import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createModbusServer } from "@millwright/driver-modbus/server";
import { createClock, memoryConfig, silentLog } from "@millwright/runtime";
import { afterEach, expect, test } from "vitest";
import { drivers } from "./drivers.ts";
import { createEdge } from "./edge.ts";
import { readersOnly, statusTopic } from "./readers.ts";
import { LocalSettings, sections } from "./settings.ts";

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});
const hasMosquitto = ["mosquitto_sub", "mosquitto"].every((program) => spawnSync(program, ["-h"]).error === undefined);

const secret = "a secret of sixteen";
const fromEnvironment = `\${env:MILLWRIGHT_SECRET_PANEL}`;

function doorFor(readers: Record<string, unknown>) {
	const settings = LocalSettings.parse({ readers });
	const authenticate = readersOnly({
		settings: () => settings,
		classOf: (topic) => (topic === "udt/a" ? "internal" : "restricted"),
		log: silentLog,
		environment: { MILLWRIGHT_SECRET_PANEL: secret },
	});
	return (username: string | undefined, password: string | undefined) =>
		authenticate({
			clientId: "c",
			address: "127.0.0.1",
			secure: false,
			...(username === undefined ? {} : { username }),
			...(password === undefined ? {} : { password: Buffer.from(password) }),
		});
}

test("a reader is let in by name and password, hears what its clearance covers, and may never publish", async () => {
	const knock = doorFor({
		panel: { password: fromEnvironment },
		other: { password: "another long one", clearance: "restricted" },
	});
	const rights = await knock("panel", secret);
	expect(rights).toMatchObject({ principal: "reader:panel" });
	expect([rights?.mayReceive("udt/a"), rights?.mayReceive("udt/b"), rights?.mayReceive(statusTopic)]).toEqual([
		true,
		false,
		true,
	]);
	expect(rights?.mayPublish("udt/a")).toBe(false);
	expect((await knock("other", "another long one"))?.mayReceive("udt/b")).toBe(true);
	for (const [name, password] of [
		["panel", "wrong"],
		["panel", undefined],
		["panel", fromEnvironment],
		["nobody", ""],
		["constructor", ""],
		[undefined, undefined],
	] as const)
		expect(await knock(name, password)).toBeUndefined();
	expect(() => LocalSettings.parse({ readers: { panel: { password: "short" } } })).toThrow();
});

async function edgeForTest(local: object, namespace: object = { mqtt: { listen: { port: 0 } } }) {
	const clock = createClock();
	const data = mkdtempSync(join(tmpdir(), "readers-"));
	closing.push(() => rmSync(data, { recursive: true, force: true }));
	const server = createModbusServer({ clock, units: new Map([[1, { holding: new Uint16Array(4).fill(7) }]]) });
	await server.listen();
	closing.push(() => server.close());
	const press = {
		driver: "modbus",
		settings: { host: "127.0.0.1", port: server.port },
		every: 50,
		tags: {
			"plant/press/force": { address: { register: 1 } },
			"plant/press/recipe": { address: { register: 2 }, dataClass: "restricted" },
		},
	};
	const content = { sense: { connections: { press } }, namespace, local };
	const edge = await createEdge({
		config: memoryConfig(sections, content, silentLog, clock),
		data,
		clock,
		log: silentLog,
		drivers,
	});
	closing.push(() => edge.stop());
	await edge.start();
	return edge;
}

test("bridges are refused in words, and leave the data folder free", async () => {
	const bridge = { name: "up", url: "mqtt://127.0.0.1:1", out: [{ filter: "udt/#" }] };
	await expect(edgeForTest({}, { bridges: [bridge] })).rejects.toThrow("An edge has no bridges to other brokers");
});

test.skipIf(!hasMosquitto)(
	"an edge publishes to a broker outside as well (needs mosquitto)",
	async () => {
		const free = createServer().listen(0, "127.0.0.1");
		await once(free, "listening");
		const { port } = free.address() as { port: number };
		free.close();
		const folder = mkdtempSync(join(tmpdir(), "outside-"));
		closing.push(() => rmSync(folder, { recursive: true, force: true }));
		const file = join(folder, "mosquitto.conf");
		writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
		const mosquitto = spawn("mosquitto", ["-c", file], { stdio: "ignore" });
		closing.push(() => void mosquitto.kill("SIGKILL"));
		const broker = { kind: "mqtt", url: `mqtt://127.0.0.1:${port}`, clientId: "edge-for-test" };
		const edge = await edgeForTest({ statusEvery: 200 }, { broker });
		expect(edge.mqttPort).toBeNull();
		const heardForce = () => {
			const listener = ["-h", "127.0.0.1", "-p", String(port), "-t", "udt/plant/press/force", "-C", "1", "-W", "5"];
			const { stdout } = spawnSync("mosquitto_sub", listener, { encoding: "utf8" });
			return stdout.startsWith("{") ? (JSON.parse(stdout) as { measurement: { value: number } }).measurement.value : undefined;
		};
		await expect.poll(heardForce, { timeout: 25_000, interval: 200 }).toBe(7);
	},
	60_000,
);

test("without readers nothing listens", async () => {
	expect((await edgeForTest({})).mqttPort).toBeNull();
});

test.skipIf(!hasMosquitto)(
	"a program beside the machine hears values and how the box is, and nothing above its clearance (needs mosquitto_sub)",
	async () => {
		const { mqttPort } = await edgeForTest({ readers: { panel: { password: secret } }, statusEvery: 100 });
		const login = ["-h", "127.0.0.1", "-p", String(mqttPort), "-u", "panel"];
		const listener = spawn("mosquitto_sub", [...login, "-P", secret, "-t", "#", "-v"], { stdio: ["ignore", "pipe", "inherit"] });
		closing.push(() => void listener.kill("SIGKILL"));
		const heard = new Map<string, string>();
		createInterface({ input: listener.stdout }).on("line", (line) => {
			const space = line.indexOf(" ");
			heard.set(line.slice(0, space), line.slice(space + 1));
		});
		await expect
			.poll(() => [...heard.keys()], { timeout: 20_000 })
			.toEqual(expect.arrayContaining(["udt/plant/press/force", statusTopic]));
		await expect.poll(() => JSON.parse(heard.get(statusTopic) as string) as object).toMatchObject({ state: "good", ring: {} });
		expect(JSON.parse(heard.get("udt/plant/press/force") as string)).toMatchObject({
			measurement: { value: 7, quality: "Good" },
		});
		expect([...heard.keys()].filter((topic) => topic.includes("recipe"))).toEqual([]);
		expect(spawnSync("mosquitto_sub", [...login, "-P", "wrong", "-t", "#", "-W", "2"], { stdio: "ignore" }).status).not.toBe(0);
	},
);
