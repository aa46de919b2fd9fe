import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Health } from "@millwright/runtime";
import { afterEach, expect, test } from "vitest";
import type { LaneCounts } from "./messages.ts";

interface Report {
	health: Health;
	waitingRows: number;
	heard: { rows: number; lost: number; next: number; isInOrder: boolean };
	expired: number;
	sent: number;
	written: LaneCounts;
	read: number;
}

/** A file system of its own for one process; it goes with the process. */
const alone = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
const inSmallDisk = (folder: string, ...command: string[]): string[] => [
	...alone,
	...["sh", "-c", 'mount -t tmpfs -o size=6m tmpfs "$0" && exec "$@"', folder],
	...command,
];

const ends: (() => void)[] = [];
afterEach(() => {
	for (const end of ends.splice(0).reverse()) end();
});

test("a disk that runs full stops no machine: it is said, losses are counted, and the ring goes on once there is room", async ({
	skip,
}) => {
	const folder = mkdtempSync(join(tmpdir(), "small-disk-"));
	ends.push(() => rmSync(folder, { recursive: true, force: true }));
	if (spawnSync("unshare", inSmallDisk(folder, "true")).status !== 0)
		skip("this machine gives a test no file system of its own (unshare, tmpfs)");
	const script = new URL("./small-disk-for-test.ts", import.meta.url).pathname;
	const child: ChildProcess = spawn("unshare", inSmallDisk(folder, process.execPath, script, folder), {
		stdio: ["pipe", "pipe", "inherit"],
	});
	ends.push(() => child.kill("SIGKILL"));
	const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
	const ask = async (command: string): Promise<Report> => {
		child.stdin?.write(`${command}\n`);
		const { value, done } = await lines.next();
		if (done) throw new Error("the process on the small disk ended");
		return JSON.parse(value) as Report;
	};
	const until = async (holds: (report: Report) => boolean): Promise<Report> => {
		const end = Date.now() + 20_000;
		for (;;) {
			const report = await ask("report");
			if (holds(report)) return report;
			if (Date.now() > end) throw new Error(`it never came true: ${JSON.stringify(report)}`);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	};

	await until(({ heard }) => heard.rows > 1000);
	await ask("fill");
	const full = await until(({ health }) => health.state === "failing");
	expect(full.health).toMatchObject({
		reason: expect.stringContaining("The disk of the ring is full"),
		hint: "Free some space; the ring goes on by itself.",
	});
	const losing = await until(({ health }) => / \d+ are lost/.test(health.reason ?? ""));
	expect(losing.read).toBeGreaterThan(full.read);
	expect(losing.written.read + losing.written.made).toBe(losing.sent);
	await ask("free");
	await until(({ health }) => health.state === "good");
	const { heard: before } = await until(({ heard }) => heard.lost > 0);
	await until(({ heard }) => heard.rows > before.rows + 1000);
	await ask("rest");
	const after = await until(({ waitingRows, written, read }) => waitingRows === 0 && written.read === read);
	expect(after.heard.isInOrder).toBe(true);
	expect(after.heard.next).toBe(after.sent);
	expect(after.heard.lost).toBe(after.expired);
	expect(after.heard.rows + after.expired).toBe(after.sent);
	expect(after.written.read).toBe(after.sent);
	expect(after.health).toEqual({ state: "good" });
	child.stdin?.end("end\n");
	await new Promise((resolve) => child.once("exit", resolve));
	expect(child.exitCode).toBe(0);
}, 90_000);
