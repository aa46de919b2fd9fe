import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, rmdir } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { asMillwrightError, type Clock, type Log, MillwrightError, systemPrincipal, type Timer } from "@millwright/core";
import type { AuditTrail } from "@millwright/platform";
import type { BackupJob, Platform } from "@millwright/platform/api";
import type { Health, Part } from "@millwright/runtime";
import type { z } from "zod";
import { isInside } from "./files.ts";
import { backupName, createKept } from "./kept.ts";
import type { Manifest } from "./manifest.ts";
import { slotAfter, slotBefore } from "./schedule.ts";
import type { BackupSettings } from "./settings.ts";
import { type BackupStore, type ManifestFacts, markName, takeBackup } from "./take.ts";

const jobsKept = 50;
const lookEveryMs = 30_000;
const retryAfterMs = 3_600_000;

export interface Backups {
	part: Part;
	service: Pick<Platform, "backup" | "backups">;
}

/** Backups of a running platform: by hand and by the clock, one at a time. */
export function createBackups({
	data,
	settings,
	stores,
	facts,
	audit,
	clock,
	log: parentLog,
}: {
	data: string;
	settings(): z.output<typeof BackupSettings>;
	stores(): BackupStore[];
	facts(kind: Manifest["kind"]): Promise<ManifestFacts>;
	audit: AuditTrail;
	clock: Clock;
	log: Log;
}): Backups {
	const log = parentLog.part("backup");
	const kept = createKept();
	const jobs: BackupJob[] = [];
	let running: { ending: AbortController; ended: Promise<void> } | undefined;
	let ticking: Timer | undefined;
	let looking: Promise<void> = Promise.resolve();
	let notBefore = Number.NEGATIVE_INFINITY;
	/** Nothing is due before then, as long as the time of day stays this one. */
	let resting: { at: string; until: number } | undefined;
	let lastFailure: { code: string; reason: string; hint: string | undefined } | undefined;

	const folderOf = (): string => resolve(settings().folder ?? `${data}-backups`);

	function begin(folder: string, kind: Manifest["kind"]): { job: BackupJob; ended: Promise<void> } {
		if (running)
			throw new MillwrightError("backup.running", "A backup is being made already", {
				kind: "conflict",
				hint: "Wait for it: millwright platform backups",
			});
		const job: BackupJob = {
			id: `backup_${randomBytes(6).toString("hex")}`,
			kind,
			folder,
			state: "running",
			startedAt: clock.nowMs(),
			step: "",
			stepsDone: 0,
			steps: 0,
			bytes: 0,
			notes: [],
		};
		jobs.unshift(job);
		jobs.length = Math.min(jobs.length, jobsKept);
		const ending = new AbortController();
		// The turn after: it is known as running before it can end.
		const ended = Promise.resolve().then(() => run(job, ending.signal));
		running = { ending, ended };
		return { job, ended };
	}

	async function run(job: BackupJob, signal: AbortSignal): Promise<void> {
		try {
			const manifest = await takeBackup({
				folder: job.folder,
				stores: stores(),
				facts: () => facts(job.kind),
				clock,
				signal,
				progress: (now) => void Object.assign(job, now),
			});
			Object.assign(job, { state: "done", step: "", stepsDone: job.steps, notes: manifest.notes });
			lastFailure = undefined;
			log.info("Backup made", { folder: job.folder, bytes: job.bytes, files: manifest.files.length });
		} catch (thrown) {
			const { code, message, hint } = asMillwrightError(thrown, "backup.failed");
			Object.assign(job, { state: "failed", code, reason: message, ...(hint ? { hint } : {}) });
			lastFailure = { code, reason: message, hint };
			await rmdir(job.folder).catch(() => {});
			log.error("The backup failed", { folder: job.folder, code, reason: message });
		} finally {
			job.endedAt = clock.nowMs();
			running = undefined;
			await audit
				.record({
					who: systemPrincipal,
					from: "internal",
					what: "platform.backup-ended",
					input: { id: job.id, folder: job.folder, kind: job.kind, bytes: job.bytes },
					why: job.kind === "scheduled" ? "by the clock" : "",
					outcome: job.state === "done" ? "done" : "failed",
					code: job.code ?? "",
				})
				.catch((thrown: unknown) =>
					log.warn("The backup is not in the audit log", { reason: asMillwrightError(thrown).message }),
				);
		}
	}

	/** Outside the backup folder only where the caller proves that they may write there themselves. */
	async function placeFor(to: string | undefined, mark: string | undefined): Promise<string> {
		const folder = folderOf();
		if (to === undefined) return freeName(folder, "manual");
		if (!isAbsolute(to)) throw new MillwrightError("backup.place-relative", `"${to}" is not a whole path`, { kind: "input" });
		if (isInside(to, folder) && resolve(to) !== folder) return resolve(to);
		const found = await readFile(join(to, markName), "utf8").catch(() => undefined);
		if (mark === undefined || mark.length < 16 || found === undefined || found.trim() !== mark)
			throw new MillwrightError("backup.place-denied", `${to} lies outside ${folder}`, {
				kind: "denied",
				hint: "Leave the place out, set backup.folder in the configuration, or use millwright backup --to on the server's own machine.",
			});
		if ((await readdir(to)).length === 1) await rm(join(to, markName));
		return resolve(to);
	}

	async function freeName(folder: string, kind: Manifest["kind"]): Promise<string> {
		const name = backupName(kind, clock.nowMs());
		const taken = new Set(await readdir(folder).catch(() => []));
		for (let n = 1; ; n++) {
			const next = n === 1 ? name : `${name}-${n}`;
			if (!taken.has(next)) return join(folder, next);
		}
	}

	async function lookAtClock(): Promise<void> {
		const { at, keep } = settings();
		const now = clock.nowMs();
		if (at === undefined || running || now < notBefore) return;
		if (resting?.at === at && now < resting.until) return;
		const folder = folderOf();
		const newest = (await kept.list(folder)).find(({ kind }) => kind === "scheduled");
		if (newest && newest.at >= slotBefore(now, at)) {
			resting = { at, until: slotAfter(now, at) };
			return;
		}
		notBefore = now + retryAfterMs;
		const { job, ended } = begin(await freeName(folder, "scheduled"), "scheduled");
		await ended;
		// A short disk is a reason to keep the old ones, not to lose them too.
		if (job.state !== "done") return;
		notBefore = Number.NEGATIVE_INFINITY;
		const removed = await kept.tidy(folder, keep);
		if (removed.length > 0) log.info("Old backups removed", { folders: removed });
	}

	const look = (): void => {
		looking = looking.then(lookAtClock).catch((thrown: unknown) => {
			const { code, message, hint } = asMillwrightError(thrown, "backup.failed");
			lastFailure = { code, reason: message, hint };
			log.error("No backup could be begun", { code, reason: message });
		});
	};

	function health(): Health {
		if (!lastFailure) return { state: "good" };
		return {
			state: "degraded",
			reason: `The last backup failed: ${lastFailure.reason}`,
			...(lastFailure.hint ? { hint: lastFailure.hint } : {}),
		};
	}

	return {
		part: {
			name: "backup",
			async start() {
				ticking = clock.every(lookEveryMs, look);
				look();
			},
			async stop() {
				ticking?.cancel();
				running?.ending.abort(
					new MillwrightError("backup.cancelled", "The platform was stopped while the backup was made", {
						kind: "outage",
						hint: "Make it again once the platform runs, or while it is stopped: millwright backup --to FOLDER --data FOLDER",
					}),
				);
				await running?.ended;
				await looking;
			},
			health,
			figures: () => {
				const done = jobs.find(({ state }) => state === "done");
				return [
					{
						name: "backup_last_success_seconds",
						help: "When the newest backup of this process ended, seconds since 1970",
						type: "gauge",
						value: (done?.endedAt ?? 0) / 1000,
					},
					{ name: "backup_running", help: "1 while a backup is made", type: "gauge", value: running ? 1 : 0 },
				];
			},
		},
		service: {
			async backup({ to, mark }) {
				return { ...begin(await placeFor(to, mark), "manual").job };
			},
			async backups() {
				const { at, keep } = settings();
				const folder = folderOf();
				return {
					folder,
					...(at === undefined ? {} : { schedule: { at, keep, nextAt: slotAfter(clock.nowMs(), at) } }),
					jobs: jobs.map((job) => ({ ...job })),
					kept: await kept.list(folder),
				};
			},
		},
	};
}
