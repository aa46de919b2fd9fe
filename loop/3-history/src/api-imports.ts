import { operation } from "@millwright/core";
import * as z from "zod";

const ms = z.number().meta({ unit: "ms since 1970, UTC" });
const builders = ["engineer", "administrator"] as const;

/** How a file is read: one row a sample ("long": time, tag, value), or one row a time with a column a tag ("wide"). */
export const ImportPlan = z.object({
	/** As given by `uploadImport`, or "inbox:<name>" for a file in the server's own import folder. */
	file: z.string().max(300),
	format: z.enum(["csv", "parquet"]),
	shape: z.enum(["long", "wide"]),
	time: z.object({
		column: z.string(),
		/** "iso", a unit since 1970, or a pattern of strptime: "%d.%m.%Y %H:%M:%S". */
		form: z.string().max(60).default("iso"),
		/** For times without an offset; an IANA name. */
		zone: z.string().max(60).default("UTC"),
	}),
	/** Long files. */
	tag: z.object({ column: z.string() }).optional(),
	value: z.object({ column: z.string() }).optional(),
	/** A column with quality words or OPC UA codes (192 good, 64 uncertain, 0 bad); all good without one. */
	quality: z.object({ column: z.string() }).optional(),
	/** Name in the file (long) or column (wide) to tag name; with `only` what is not named is left out, else it keeps its own name. */
	names: z.record(z.string(), z.string()).default({}),
	only: z.boolean().default(true),
	/** Taken from the front of names that `names` does not give: "udt/". */
	prefix: z.string().max(200).default(""),
	/** CSV only. */
	delimiter: z.string().length(1).optional(),
	decimal: z.enum([".", ","]).default("."),
});
export type ImportPlan = z.output<typeof ImportPlan>;

export const ImportTag = z.object({
	/** As the file says. */
	from: z.string(),
	tag: z.string(),
	known: z.boolean().meta({ description: "the platform has this tag already" }),
	rows: z.int(),
	first: ms,
	last: ms,
	/** Samples already stored in the same span of time: probably there twice afterwards. */
	overlapping: z.int(),
});

export const Import = z.object({
	id: z.string(),
	file: z.string(),
	by: z.string(),
	why: z.string(),
	at: ms,
	state: z.enum(["running", "done", "failed", "undone"]),
	rows: z.int(),
	tags: z.int(),
	first: ms.optional(),
	last: ms.optional(),
	/** Of the file's rows, 0 to 1. */
	progress: z.number(),
	reason: z.string().optional(),
	undoneBy: z.string().optional(),
	undoneAt: ms.optional(),
});
export type Import = z.output<typeof Import>;

export const importsApi = {
	uploadImport: operation({
		summary: "Send a file of history, piece by piece",
		path: "/history/imports/upload",
		effect: "write",
		allow: builders,
		input: z.object({
			/** Of the first piece's answer; left out for the first. */
			file: z.string().optional(),
			name: z.string().min(1).max(200),
			offset: z.int().min(0),
			/** Base64, at most 700,000 characters. */
			data: z.string().max(700_000),
		}),
		output: z.object({ file: z.string(), bytes: z.int() }),
		secrets: ["data"],
	}),
	inspectImport: operation({
		summary: "Columns and first rows of a file, and how it is probably to be read",
		path: "/history/imports/inspect",
		effect: "write",
		allow: builders,
		input: z.object({ file: z.string().max(300) }),
		output: z.object({
			columns: z.array(z.object({ name: z.string(), type: z.string() })),
			rows: z.array(z.array(z.string().nullable())),
			count: z.int(),
			guess: ImportPlan,
		}),
	}),
	previewImport: operation({
		summary: "What an import would add, without adding it: tags, spans, overlaps, rows that cannot be read",
		path: "/history/imports/preview",
		effect: "write",
		allow: builders,
		input: ImportPlan,
		output: z.object({
			rows: z.int(),
			first: ms.optional(),
			last: ms.optional(),
			tags: z.array(ImportTag),
			/** Names of the file that would be left out. */
			leftOut: z.array(z.object({ from: z.string(), rows: z.int() })),
			refused: z.int().meta({ description: "rows that cannot be read and would be left out" }),
			problems: z.array(z.object({ row: z.int().optional(), code: z.string(), message: z.string() })),
		}),
	}),
	applyImport: operation({
		summary: "Bring a file's samples into the history; can be undone as a whole",
		path: "/history/imports/apply",
		effect: "write",
		allow: builders,
		input: ImportPlan,
		output: Import,
	}),
	imports: operation({
		summary: "What was brought in, by whom, and how far it is",
		path: "/history/imports",
		input: z.object({ limit: z.int().min(1).max(1000).default(100), offset: z.int().min(0).default(0) }),
		output: z.object({
			imports: z.array(Import),
			total: z.int(),
			inbox: z.array(z.object({ file: z.string(), bytes: z.int() })),
		}),
	}),
	undoImport: operation({
		summary: "Take everything an import added out of the history again",
		path: "/history/imports/undo",
		effect: "write",
		allow: builders,
		input: z.object({ id: z.string() }),
		output: Import,
	}),
};
