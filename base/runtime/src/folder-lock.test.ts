import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { isFolderInUse, lockFolder } from "./folder-lock.ts";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const folderForTest = () => {
	const folder = mkdtempSync(join(tmpdir(), "lock-"));
	folders.push(folder);
	return folder;
};

test("a folder is one process's at a time, and free again when that one lets go", () => {
	const folder = folderForTest();
	const lock = lockFolder(folder);
	expect(() => lockFolder(folder)).toThrow(expect.objectContaining({ code: "runtime.folder-in-use", kind: "conflict" }));
	expect(isFolderInUse(folder)).toBe(true);
	lock.release();
	expect(isFolderInUse(folder)).toBe(false);
	lockFolder(folder).release();
});

test("a process that is killed leaves no lock behind", async () => {
	const folder = folderForTest();
	const script = `import { lockFolder } from ${JSON.stringify(new URL("./folder-lock.ts", import.meta.url).href)};
		lockFolder(${JSON.stringify(folder)}); process.stdout.write("held\\n"); setInterval(() => {}, 1000);`;
	const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	await new Promise((resolve) => child.stdout.once("data", resolve));
	expect(isFolderInUse(folder)).toBe(true);
	const ended = new Promise((resolve) => child.once("close", resolve));
	child.kill("SIGKILL");
	await ended;
	expect(readdirSync(folder)).toEqual(["in-use.lock"]);
	expect(isFolderInUse(folder)).toBe(false);
});
