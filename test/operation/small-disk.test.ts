import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createClient } from "@millwright/core";
import { platformApi } from "@millwright/platform/api";
import { afterEach, expect, test } from "vitest";
import { type ServerReady, signIn, throwAwayFolder, until } from "../kit/platform.ts";
import { root } from "../kit/processes.ts";

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

/** A file system of its own for one process; it goes with the process. */
const alone = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
const inSmallDisk = (folder: string, ...command: string[]): string[] => [
	...alone,
	...["sh", "-c", 'mount -t tmpfs -o size=400k tmpfs "$0" && exec "$@"', folder],
	...command,
];

test("a backup that finds no room says so and takes nothing; the platform goes on as before", async ({ skip }) => {
	const { folder, remove } = throwAwayFolder("small-disk");
	ends.push(remove);
	const small = join(folder, "small");
	mkdirSync(small);
	if (spawnSync("unshare", inSmallDisk(small, "true")).status !== 0)
		skip("this machine gives a test no file system of its own (unshare, tmpfs)");
	const config = join(folder, "millwright.yaml");
	writeFileSync(
		config,
		JSON.stringify({
			http: { listen: { port: 0 } },
			namespace: { mqtt: { listen: { port: 0 } } },
			backup: { folder: small },
		}),
	);
	const main = join(root, "apps/server/src/main.ts");
	const child = spawn(
		"unshare",
		inSmallDisk(small, process.execPath, main, "start", "--config", config, "--data", join(folder, "data"), "--ready-json"),
		{ stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, UV_THREADPOOL_SIZE: "8" } },
	);
	const over = new Promise<void>((resolve) => child.once("close", () => resolve()));
	ends.push(async () => {
		child.kill("SIGTERM");
		await over;
	});
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const ready = JSON.parse((await lines.next()).value as string) as ServerReady;
	const session = await signIn(ready);
	const platform = createClient("platform", platformApi, { baseUrl: ready.url, headers: { cookie: session.cookie } });
	const { id, folder: place } = await platform.backup({});
	expect(place.startsWith(small)).toBe(true);
	const { jobs, kept } = await until(
		() => platform.backups({}),
		(answer) => answer.jobs.some((job) => job.id === id && job.state !== "running"),
		{ what: "the end of the backup" },
	);
	expect(jobs[0]).toMatchObject({ state: "failed", code: "backup.disk-full", hint: expect.stringContaining("another disk") });
	expect(kept).toEqual([]);
	// Seen from inside its file system: nothing is left there.
	expect(readdirSync(`/proc/${child.pid}/root${small}`)).toEqual([]);
	const { parts } = await platform.health({});
	expect(parts.find(({ name }) => name === "backup")).toMatchObject({ state: "degraded" });
	expect(parts.filter(({ state }) => state !== "good").map(({ name }) => name)).toEqual(["backup"]);
	const { entries } = await session.audit.entries({ what: "platform.backup-ended" });
	expect(entries[0]).toMatchObject({ outcome: "failed", code: "backup.disk-full" });
	expect(await session.audit.verify({})).toMatchObject({ whole: true });
}, 60_000);
