import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BackupJob } from "@millwright/platform/api";
import { silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { afterEach, expect, test } from "vitest";
import { createBackups } from "./backups.ts";
import { slotAfter, slotBefore } from "./schedule.ts";
import { type BackupStore, markName } from "./take.ts";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function backupsForTest({ at, keep = 2 }: { at?: string; keep?: number } = {}) {
	const root = mkdtempSync(join(tmpdir(), "backups-"));
	folders.push(root);
	const folder = join(root, "kept");
	const clock = createFakeClock({ startMs: new Date(2026, 10, 20, 12, 0).getTime() });
	const entries: { what: string; outcome: string; code: string }[] = [];
	const store: BackupStore = { name: "sense", title: "values", copyTo: async (place) => writeFileSync(join(place, "a"), "a") };
	const made = { stores: [store] };
	const { part, service } = createBackups({
		data: join(root, "data"),
		settings: () => ({ folder, keep, ...(at === undefined ? {} : { at }) }),
		stores: () => made.stores,
		facts: async (kind) => ({
			version: "1.0.0",
			kind,
			rows: 0,
			engines: { series: "duckdb", records: "sqlite" },
			schemas: {},
			config: { file: "millwright.yaml", inData: false },
			notes: ["mind the keys"],
		}),
		audit: { record: async ({ what, outcome, code }) => void entries.push({ what, outcome, code }) },
		clock,
		log: silentLog,
	});
	/** The disk has its own time; the clock goes on beside it. */
	async function jobs(holds: (jobs: BackupJob[]) => boolean, stepMs = 0): Promise<BackupJob[]> {
		for (let i = 0; i < 2000; i++) {
			const found = (await service.backups({})).jobs;
			if (holds(found)) return found;
			await clock.advance(stepMs);
			await new Promise((resolve) => setTimeout(resolve, 2));
		}
		throw new Error("it never came true");
	}
	return { root, folder, clock, part, service, entries, made, jobs };
}

test("a backup by hand runs beside everything, tells how far it is, and stands in the audit log when it ends", async () => {
	const { service, folder, entries, jobs, made } = backupsForTest();
	const gate = Promise.withResolvers<void>();
	const first = made.stores[0] as BackupStore;
	made.stores = [{ ...first, copyTo: async (place, signal) => gate.promise.then(() => first.copyTo(place, signal)) }];
	const begun = await service.backup({});
	expect(begun).toMatchObject({ state: "running", kind: "manual" });
	await expect(service.backup({})).rejects.toMatchObject({ code: "backup.running" });
	await jobs(([job]) => job?.step === "values");
	gate.resolve();
	const [job] = await jobs(([one]) => one?.state === "done");
	expect(job).toMatchObject({ folder: begun.folder, bytes: 1, stepsDone: 1, steps: 1, notes: ["mind the keys"] });
	expect((await service.backups({})).kept).toMatchObject([{ folder: begun.folder, kind: "manual", bytes: 1, files: 1 }]);
	expect(readdirSync(folder)).toEqual([expect.stringMatching(/^backup-2026-11-20T\d\d-00-00$/)]);
	expect(entries).toEqual([{ what: "platform.backup-ended", outcome: "done", code: "" }]);
});

test("outside its folder a backup goes only where the caller has laid the mark", async () => {
	const { service, root, jobs } = backupsForTest();
	const place = join(root, "usb");
	await expect(service.backup({ to: place })).rejects.toMatchObject({ code: "backup.place-denied", kind: "denied" });
	await expect(service.backup({ to: "usb" })).rejects.toMatchObject({ code: "backup.place-relative" });
	await mkdir(place);
	writeFileSync(join(place, markName), "the mark that I made\n");
	await expect(service.backup({ to: place, mark: "another mark of length" })).rejects.toMatchObject({
		code: "backup.place-denied",
	});
	await expect(service.backup({ to: place })).rejects.toMatchObject({ code: "backup.place-denied" });
	await service.backup({ to: place, mark: "the mark that I made" });
	await jobs(([job]) => job?.state === "done");
	expect(readdirSync(place).sort()).toEqual(["SHA256SUMS", "manifest.json", "sense"]);
});

test("by the clock once a day: what was missed is made up for, the newest stay, those made by hand are never removed", async () => {
	const { part, service, clock, jobs, folder } = backupsForTest({ at: "02:30", keep: 2 });
	await service.backup({});
	await jobs((all) => all.length === 1 && all[0]?.state === "done");
	await part.start();
	await jobs((all) => all.filter(({ kind, state }) => kind === "scheduled" && state === "done").length === 1);
	await clock.advance(60_000);
	expect((await service.backups({})).schedule).toEqual({ at: "02:30", keep: 2, nextAt: new Date(2026, 10, 21, 2, 30).getTime() });
	await jobs((all) => all.filter(({ kind, state }) => kind === "scheduled" && state === "done").length === 4, 600_000);
	await part.stop();
	const { kept } = await service.backups({});
	expect(kept.map(({ kind }) => kind)).toEqual(["scheduled", "scheduled", "manual"]);
	expect(new Date(kept[0]?.at as number).getDate()).toBe(23);
	expect(readdirSync(folder)).toHaveLength(3);
});

test("a failed one is said in health, tried again after an hour and not before, and costs no older one", async () => {
	const { part, clock, jobs, made } = backupsForTest({ at: "02:30", keep: 1 });
	const good = made.stores;
	await part.start();
	await jobs(([job]) => job?.state === "done");
	made.stores = [{ name: "sense", title: "values", copyTo: async () => Promise.reject(new Error("no room")) }];
	const failed = await jobs(([job]) => job?.state === "failed", 600_000);
	expect(part.health?.()).toMatchObject({ state: "degraded", reason: expect.stringContaining("no room") });
	await clock.advance(1_800_000);
	await jobs((all) => all.length === failed.length);
	made.stores = good;
	await jobs(([job]) => job?.state === "done", 600_000);
	expect(part.health?.()).toEqual({ state: "good" });
	await part.stop();
});

test("stopping calls a running backup off and waits for it", async () => {
	const { part, service, made, jobs } = backupsForTest();
	made.stores = [
		{
			name: "sense",
			title: "values",
			copyTo: (_place, signal) =>
				new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
		},
	];
	await part.start();
	await service.backup({});
	await jobs(([job]) => job?.step === "values");
	await part.stop();
	expect((await service.backups({})).jobs[0]).toMatchObject({ state: "failed", code: "backup.cancelled" });
});

test("a time of day is the machine's own, over the changes of summer and winter", () => {
	const noon = new Date(2026, 2, 29, 12, 0).getTime();
	expect(new Date(slotBefore(noon, "02:30")).getDate()).toBe(29);
	expect(slotBefore(new Date(2026, 5, 1, 2, 29, 59).getTime(), "02:30")).toBe(new Date(2026, 4, 31, 2, 30).getTime());
	expect(slotBefore(new Date(2026, 5, 1, 2, 30).getTime(), "02:30")).toBe(new Date(2026, 5, 1, 2, 30).getTime());
	expect(slotAfter(new Date(2026, 5, 1, 2, 30).getTime(), "02:30")).toBe(new Date(2026, 5, 2, 2, 30).getTime());
});
