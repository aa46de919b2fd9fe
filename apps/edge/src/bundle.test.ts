import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createModbusServer } from "@millwright/driver-modbus/server";
import { createClock } from "@millwright/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EdgeStatus } from "./status.ts";

const run = promisify(execFile);
/** Outside the clone: what the bundle lacks it cannot find by accident. */
const folder = mkdtempSync(join(tmpdir(), "edge-bundle-"));
const app = join(folder, "app");
const children: ChildProcess[] = [];
const holding = new Uint16Array(100).map((_, i) => i);
const server = createModbusServer({ clock: createClock(), units: new Map([[1, { holding }]]) });

beforeAll(async () => {
	await run(process.execPath, [fileURLToPath(new URL("../build.mjs", import.meta.url)), app]);
	await server.listen();
}, 120_000);
afterAll(async () => {
	for (const child of children) child.kill("SIGKILL");
	await server.close();
	rmSync(folder, { recursive: true, force: true });
});

/** The environment of a box that has nothing but Node. */
const bare = { PATH: "/usr/bin:/bin", HOME: folder };
const command = (...args: string[]) => [join(app, "millwright-edge.js"), ...args];

async function start(name: string, config: object) {
	const cwd = join(folder, name);
	mkdirSync(cwd, { recursive: true });
	writeFileSync(join(cwd, "edge.yaml"), JSON.stringify(config));
	const child = spawn(process.execPath, command("--ready-json"), { cwd, env: bare, stdio: ["ignore", "pipe", "pipe"] });
	children.push(child);
	let words = "";
	child.stderr.on("data", (text: Buffer) => {
		words += text.toString();
	});
	const exited = once(child, "close");
	const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
	return { cwd, child, exited, ready: JSON.parse(line) as { pid: number; mqttPort: number | null }, words: () => words };
}

interface Said {
	code: number;
	text: string;
}

async function said(cwd: string, ...args: string[]): Promise<Said> {
	return run(process.execPath, command(...args), { cwd, env: bare }).then(
		({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
		({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, text: stdout + stderr }),
	);
}

async function statusOf(cwd: string): Promise<(EdgeStatus & { isRunning: boolean }) | undefined> {
	const { text } = await said(cwd, "status", "--json");
	return text.startsWith("{") ? (JSON.parse(text) as EdgeStatus & { isRunning: boolean }) : undefined;
}

const machine = () => ({
	driver: "modbus",
	settings: { host: "127.0.0.1", port: server.port },
	every: "100ms",
	tags: Object.fromEntries(Array.from({ length: 20 }, (_, register) => [`plant/press/r${register}`, { address: { register } }])),
});

test("the bundle is a few megabytes, with the words of every licence in it", () => {
	const bytes = readdirSync(app).reduce((sum, name) => sum + statSync(join(app, name)).size, 0);
	expect(bytes).toBeLessThan(6_000_000);
	expect(readdirSync(app)).toEqual(
		expect.arrayContaining(["LICENSE", "LICENSES-of-parts.txt", "edge.example.yaml", "ring-worker.js"]),
	);
});

test("on plain Node in an empty folder it reads a machine, says how it is, keeps its files to itself, and ends in order", async () => {
	const { cwd, child, exited, words } = await start("plain", {
		sense: { connections: { press: machine() } },
		local: { statusEvery: "200ms" },
	});
	await expect.poll(() => statusOf(cwd).then((status) => status?.ledger.sent ?? 0), { timeout: 20_000 }).toBeGreaterThan(100);
	const status = (await statusOf(cwd)) as EdgeStatus;
	expect(status).toMatchObject({ state: "good", isRunning: true, ledger: { buffered: 0, expired: 0 }, uplink: { state: "off" } });
	expect(status.connections[0]).toMatchObject({ connection: "press", state: "connected", good: 20 });
	const told = await said(cwd, "status");
	expect(told.code).toBe(0);
	expect(told.text).toContain("press: connected, 20 of 20 tags good");
	for (const name of readdirSync(join(cwd, "data"))) expect(statSync(join(cwd, "data", name)).mode & 0o077).toBe(0);
	const second = await said(cwd, "start");
	expect(second.code).toBe(1);
	expect(second.text).toContain("Another Millwright uses");
	child.kill("SIGTERM");
	expect((await exited)[0]).toBe(0);
	expect(words()).not.toMatch(/escaped its part|nobody listened/);
	await expect.poll(() => said(cwd, "status").then(({ code }) => code), { timeout: 20_000 }).toBe(3);
}, 60_000);

test("a driver is there when a connection names it: OPC UA subscribes to a real server from within the bundle", async () => {
	const simulator = fileURLToPath(new URL("../../simulator/src/main.ts", import.meta.url));
	const shape = ["--plant", "load", "--ports", "free", "--modbus-connections", "1", "--opcua-tags", "5"];
	const plant = spawn(process.execPath, [simulator, ...shape, "--folder", join(folder, "plant"), "--with-parent"], {
		stdio: ["pipe", "pipe", "ignore"],
	});
	children.push(plant);
	const [line] = (await once(createInterface({ input: plant.stdout }), "line")) as [string];
	const port = (JSON.parse(line) as { ports: Record<string, number> }).ports["load-opcua"];
	const tags = Object.fromEntries(
		Array.from({ length: 5 }, (_, i) => [
			`plant/c${i + 1}`,
			{ address: { node: `nsu=urn:northworks:load;s=Load.Counter${i + 1}` } },
		]),
	);
	const opc = { driver: "opcua", settings: { endpoint: `opc.tcp://127.0.0.1:${port}`, security: "None" }, every: "100ms", tags };
	const { cwd, child, exited } = await start("opcua", { sense: { connections: { opc } }, local: { statusEvery: "200ms" } });
	await expect
		.poll(() => statusOf(cwd).then((status) => status?.connections[0]), { timeout: 30_000 })
		.toMatchObject({ state: "connected", good: 5 });
	await expect.poll(() => statusOf(cwd).then((status) => status?.ledger.sent ?? 0), { timeout: 20_000 }).toBeGreaterThan(20);
	child.kill("SIGTERM");
	expect((await exited)[0]).toBe(0);
}, 90_000);

test("a configuration that does not fit is told with its place, and nothing starts", async () => {
	const cwd = join(folder, "wrong");
	mkdirSync(cwd);
	writeFileSync(join(cwd, "edge.yaml"), "sense:\n  connections:\n    press: { driver: 7 }\n");
	const checked = await said(cwd, "check");
	expect(checked.code).toBe(1);
	expect(checked.text).toContain("edge.yaml:3");
	expect((await said(cwd, "start")).code).toBe(1);
	expect((await said(cwd, "status")).code).toBe(3);
	writeFileSync(join(cwd, "edge.yaml"), "sense: {}\n");
	expect(await said(cwd, "check")).toEqual({ code: 0, text: "edge.yaml fits.\n" });
	expect((await said(cwd, "check", "--config", join(app, "edge.example.yaml"))).code).toBe(0);
});
