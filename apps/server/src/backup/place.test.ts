import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { beginStaging, contentOf, finishPlacing, place, stagingOf } from "./place.ts";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const old = ["audit.jsonl", "records.sqlite", "records.sqlite-wal", "sense"];
const fresh = ["audit.jsonl", "records.sqlite", "sense", "tags.sqlite"];

async function staged(): Promise<string> {
	const data = mkdtempSync(join(tmpdir(), "place-"));
	folders.push(data);
	for (const name of old) write(join(data, name), "old");
	write(join(data, "in-use.lock"), "lock");
	write(join(data, "replaced-2020"), "older");
	const staging = await beginStaging(data);
	for (const name of fresh) write(join(staging, name), "fresh");
	return data;
}
function write(path: string, text: string): void {
	const inFolder = path.endsWith("sense");
	if (inFolder) mkdirSync(path);
	writeFileSync(inFolder ? join(path, "ring.db") : path, text);
}
const said = (path: string): string => readFileSync(path.endsWith("sense") ? join(path, "ring.db") : path, "utf8");

function expectPlaced(data: string): void {
	expect(readdirSync(data).sort()).toEqual([...fresh, "in-use.lock", "replaced-2020", "replaced-now"].sort());
	for (const name of fresh) expect(said(join(data, name))).toBe("fresh");
	expect(readdirSync(join(data, "replaced-now")).sort()).toEqual(old);
	for (const name of old) expect(said(join(data, "replaced-now", name))).toBe("old");
}

test("what was there is moved aside and what was staged takes its place", async () => {
	const data = await staged();
	expect(await contentOf(data)).toEqual(old);
	await place(data, "replaced-now");
	expectPlaced(data);
	expect(await finishPlacing(data)).toBe(false);
});

test("a kill after any of the moves is finished by the next start", async () => {
	for (let moves = 0; moves <= old.length + fresh.length; moves++) {
		const data = await staged();
		writeFileSync(join(data, ".restoring", "plan.json"), JSON.stringify({ aside: "replaced-now", old, fresh }));
		mkdirSync(join(data, "replaced-now"));
		for (const name of old.slice(0, moves)) renameSync(join(data, name), join(data, "replaced-now", name));
		for (const name of fresh.slice(0, Math.max(0, moves - old.length))) renameSync(join(stagingOf(data), name), join(data, name));
		expect(await finishPlacing(data)).toBe(true);
		expectPlaced(data);
	}
});

test("a kill before the plan leaves everything as it was", async () => {
	const data = await staged();
	expect(await finishPlacing(data)).toBe(false);
	for (const name of old) expect(said(join(data, name))).toBe("old");
	expect(readdirSync(data)).not.toContain(".restoring");
});
