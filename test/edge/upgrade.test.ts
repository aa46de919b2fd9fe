import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openTagDirectory } from "@millwright/runtime";
import { ringStore } from "@millwright/sense";
import { afterEach, expect, test } from "vitest";
import { readStatus } from "../../apps/edge/src/status.ts";
import { makeRing, ringSchemas } from "../../apps/server/src/upgrade/fixtures-for-test.ts";
import { throwAwayFolder, until } from "../kit/platform.ts";
import { root, startProgram } from "../kit/processes.ts";

const main = join(root, "apps/edge/src/main.ts");
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

/** The data of an edge as a release left it, with twenty values that no centre has yet. */
function edgeOfSchema(schema: number): { data: string; ring: string; args: string[] } {
	const { folder, remove } = throwAwayFolder("edge-upgrade");
	closing.push(remove);
	const data = join(folder, "data");
	const ring = join(data, "sense", "ring.db");
	mkdirSync(join(data, "sense"), { recursive: true });
	const tags = openTagDirectory({ file: join(data, "tags.sqlite") });
	tags.assign(["plant/press/force"]);
	tags.close();
	makeRing(ring, schema);
	const config = join(folder, "edge.yaml");
	writeFileSync(
		config,
		JSON.stringify({
			namespace: { mqtt: { listen: { port: 0 } } },
			local: { readers: { panel: { password: "long enough to read" } }, statusEvery: "200ms" },
		}),
	);
	return { data, ring, args: ["--config", config, "--data", data, "--ready-json"] };
}

const schemaOf = (file: string): unknown => {
	const db = new DatabaseSync(file, { readOnly: true });
	try {
		return db.prepare("PRAGMA user_version").get()?.user_version;
	} finally {
		db.close();
	}
};

/** What an edge that will not start says, and its exit code. */
async function refused(args: string[]): Promise<{ code: number; words: string }> {
	const child = spawn(process.execPath, [main, ...args], { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
	closing.push(() => void child.kill("SIGKILL"));
	let words = "";
	child.stderr.on("data", (text: Buffer) => {
		words += text.toString();
	});
	const [code] = (await once(child, "close")) as [number];
	return { code, words };
}

async function statusAfterStart(data: string, args: string[]) {
	const edge = await startProgram(main, args);
	closing.push(() => edge.stop());
	const status = await until(
		async () => readStatus(data),
		(said) => said?.pid === edge.pid && said.ring.rows > 0,
		{ what: "a status" },
	);
	return { edge, status };
}

test.each(ringSchemas)(
	"an edge with a ring of schema %i brings it up at its start and keeps every value",
	async (schema) => {
		const { data, ring, args } = edgeOfSchema(schema);
		const { edge, status } = await statusAfterStart(data, args);
		expect(status).toMatchObject({ ledger: { buffered: 20, expired: 0 }, ring: { rows: 20 } });
		expect(await refused(args)).toMatchObject({ code: 1, words: expect.stringContaining("Another Millwright uses") });
		await edge.stop();
		expect(schemaOf(ring)).toBe(ringStore.current);
		expect(JSON.parse(readFileSync(join(data, "schema.json"), "utf8"))).toMatchObject({
			schemas: { tags: 1, ring: ringStore.current, broker: 1, uplink: 1 },
		});
		const [snapshot = ""] = existsSync(join(data, "before-upgrade")) ? readdirSync(join(data, "before-upgrade")) : [];
		if (schema < (ringStore.current as number))
			expect(schemaOf(join(data, "before-upgrade", snapshot, "sense/ring.db"))).toBe(schema);
		// What waits for the box's own readers outlives it.
		expect(readdirSync(join(data, "broker"))).toEqual(expect.arrayContaining(["conversations.jsonl", "journal"]));
	},
	60_000,
);

test("an edge leaves data of a newer version as it is and says which one wrote it", async () => {
	const { data, ring, args } = edgeOfSchema(1);
	writeFileSync(
		join(data, "schema.json"),
		JSON.stringify({ format: 1, version: "12.0.0", at: 1, schemas: { ring: (ringStore.current as number) + 1 } }),
	);
	const { code, words } = await refused(args);
	expect(code).toBe(1);
	expect(words).toMatch(/newer Millwright \(12\.0\.0\).*ring/);
	expect(schemaOf(ring)).toBe(1);
	expect(existsSync(join(data, "before-upgrade"))).toBe(false);
});

test("an edge whose upgrade fails has its data as it was; one that was cut off in the middle begins it anew", async () => {
	const { data, ring, args } = edgeOfSchema(1);
	const whole = join(data, "..", "whole.db");
	cpSync(ring, whole);
	const db = new DatabaseSync(ring);
	db.exec("ALTER TABLE lane DROP COLUMN filtered");
	db.close();
	const { code, words } = await refused(args);
	expect(code).toBe(1);
	expect(words).toMatch(/failed at ring and was undone/);
	expect(schemaOf(ring)).toBe(1);
	expect(existsSync(join(data, "upgrade-under-way.json"))).toBe(false);

	// As a power cut leaves it: the ring half changed, its snapshot beside it.
	const snapshot = join(data, "before-upgrade", "2026-01-01T00-00-00-000Z");
	mkdirSync(join(snapshot, "sense"), { recursive: true });
	cpSync(whole, join(snapshot, "sense", "ring.db"));
	writeFileSync(
		join(data, "upgrade-under-way.json"),
		JSON.stringify({
			snapshot: "2026-01-01T00-00-00-000Z",
			from: "0.0.1",
			to: "0.1.0",
			files: [{ path: "sense/ring.db", existed: true }],
		}),
	);
	const { edge, status } = await statusAfterStart(data, args);
	expect(status).toMatchObject({ ledger: { buffered: 20, expired: 0 } });
	await edge.stop();
	expect(schemaOf(ring)).toBe(ringStore.current);
}, 60_000);
