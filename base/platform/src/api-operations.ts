import { operation } from "@millwright/core";
import * as z from "zod";

const ms = z.int().meta({ unit: "ms since 1970, UTC" });
const bytes = z.number().meta({ unit: "byte" });
const share = z.number().meta({ unit: "1", description: "0 is idle, 1 is full" });

export const BackupJob = z.object({
	id: z.string(),
	kind: z.enum(["manual", "scheduled"]),
	folder: z.string(),
	state: z.enum(["running", "done", "failed"]),
	startedAt: ms,
	endedAt: ms.optional(),
	/** What is being copied, or was last. */
	step: z.string(),
	stepsDone: z.int(),
	steps: z.int(),
	/** Written so far. */
	bytes,
	/** Why it failed, and what to do. */
	code: z.string().optional(),
	reason: z.string().optional(),
	hint: z.string().optional(),
	/** What the person who made it should know: secrets in the configuration, files that lie elsewhere. */
	notes: z.array(z.string()),
});
export type BackupJob = z.output<typeof BackupJob>;

export const KeptBackup = z.object({
	folder: z.string(),
	kind: z.enum(["manual", "scheduled"]),
	at: ms,
	/** Time of the newest sample in it. */
	until: ms.optional(),
	version: z.string(),
	bytes,
	files: z.int(),
});
export type KeptBackup = z.output<typeof KeptBackup>;

/** One thing this box can run out of. */
export const CapacityShare = z.object({
	name: z.string(),
	title: z.string(),
	used: share,
	/** In its own unit: "3.1 of 8.2 GB". */
	words: z.string(),
	/** How it was measured and computed. */
	how: z.string(),
	/** Whether it counts towards `used`; what has no limit or is measured too shortly does not. */
	counts: z.boolean(),
});
export type CapacityShare = z.output<typeof CapacityShare>;

export const DiskForecast = z.object({
	/** Of what is kept; negative when more goes than comes. */
	bytesPerDay: bytes,
	daysLeft: z.number().meta({ unit: "d" }).optional(),
	/** Least and most days, nine times in ten by the spread of the days measured. Without the most it may never fill. */
	daysLeftLow: z.number().meta({ unit: "d" }).optional(),
	daysLeftHigh: z.number().meta({ unit: "d" }).optional(),
	measuredDays: z.number().meta({ unit: "d" }),
	how: z.string(),
});
export type DiskForecast = z.output<typeof DiskForecast>;

const operators = ["administrator", "engineer", "plant-manager", "operations-manager", "security"] as const;

export const operationsApi = {
	backup: operation({
		summary: "Begin a backup of everything while the plant runs",
		path: "/platform/backup",
		effect: "write",
		allow: ["administrator"],
		dataClass: "restricted",
		input: z.object({
			/** A folder on the server's machine; a new one in its backup folder when left out. */
			to: z.string().max(1000).optional(),
			/** Content of `millwright-backup-here.txt` that the caller laid into the folder: proof of the right to write there. */
			mark: z.string().max(200).optional(),
		}),
		output: BackupJob,
		secrets: ["mark"],
	}),
	backups: operation({
		summary: "Backups: running, past and kept",
		path: "/platform/backups",
		allow: operators,
		dataClass: "confidential",
		input: z.object({}),
		output: z.object({
			folder: z.string(),
			schedule: z.object({ at: z.string(), keep: z.int(), nextAt: ms }).optional(),
			/** Newest first; of this process. */
			jobs: z.array(BackupJob),
			/** In the backup folder, newest first. */
			kept: z.array(KeptBackup),
		}),
	}),
	capacity: operation({
		summary: "How full this box is, and what it runs out of first",
		path: "/platform/capacity",
		input: z.object({}),
		output: z.object({
			at: ms,
			used: share,
			/** Name of the fullest share. */
			firstLimit: z.string(),
			/** "This box is 34 % used; first limit: disk, full in 41 days". */
			sentence: z.string(),
			shares: z.array(CapacityShare),
			disk: DiskForecast,
			valuesPerSecond: z.number().meta({ unit: "1/s" }),
			/** Minutes over which the shares that vary were averaged; up to 15. */
			measuredMinutes: z.number().meta({ unit: "min" }),
		}),
	}),
	diagnostics: operation({
		summary: "Everything support needs, without secrets, as a .zip",
		path: "/platform/diagnostics",
		allow: ["administrator", "engineer"],
		dataClass: "confidential",
		download: true,
		input: z.object({}),
		output: z.any(),
	}),
};
