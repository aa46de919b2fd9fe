import { section } from "@millwright/runtime";
import * as z from "zod";

/** Backups by the clock, and where those without a place of their own go. */
export const BackupSettings = z
	.strictObject({
		/** Beside the data folder when left out: `<data>-backups`. */
		folder: z.string().min(1).optional(),
		/** Once a day, by the machine's own clock and zone: "02:30". None when left out. */
		at: z
			.string()
			.regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'is a time of day: write e.g. "02:30"' })
			.optional(),
		/** Scheduled ones that are kept; those made by hand stay until somebody removes them. */
		keep: z.int().min(1).max(1000).default(14),
	})
	.prefault({});

export const backupSection = section("backup", BackupSettings);
