import { section } from "@millwright/runtime";
import * as z from "zod";

const local = ["127.0.0.1", "::1", "localhost"];

/** A database of a PostgreSQL server. */
const PostgresqlSettings = {
	kind: z.literal("postgresql"),
	host: z.string().min(1).default("127.0.0.1"),
	port: z.int().min(1).max(65_535).default(5432),
	database: z.string().min(1).max(63).default("millwright"),
	user: z.string().min(1).max(63).default("millwright"),
	/** Only a reference, `${env:MILLWRIGHT_SECRET_…}`: the file is shown, compared and copied. */
	password: z
		.string()
		.regex(/^\$\{env:MILLWRIGHT_SECRET_[A-Za-z0-9_]+\}$/, `Name a variable of the environment: \${env:MILLWRIGHT_SECRET_…}`)
		.optional(),
	/** Or a file that holds nothing but it. */
	passwordFile: z.string().optional(),
	/** Left out: none on this machine, else demanded. "off" says that the line is safe without. */
	tls: z
		.union([
			z.literal("off"),
			z.strictObject({
				/** Whom to trust instead of the machine's own list. */
				caFile: z.string().optional(),
				certFile: z.string().optional(),
				keyFile: z.string().optional(),
			}),
		])
		.optional(),
	/** Where the tables are; two plants in one database need two. */
	schema: z
		.string()
		.regex(/^[a-z_][a-z0-9_]{0,50}$/)
		.optional(),
};
type Reach = { host: string; tls?: unknown; password?: string | undefined; passwordFile?: string | undefined };

function checkReach({ host, tls, password, passwordFile }: Reach, context: z.RefinementCtx): void {
	if (tls === undefined && !local.includes(host) && !host.startsWith("/"))
		context.addIssue({
			code: "custom",
			path: ["tls"],
			message: `Passwords and samples would travel openly: ${host} needs tls (an empty map trusts the machine's list), or "off"`,
		});
	if (password !== undefined && passwordFile !== undefined)
		context.addIssue({ code: "custom", path: ["passwordFile"], message: "There are two passwords: password and passwordFile" });
}

const PostgresqlSeriesSettings = z
	.strictObject({
		...PostgresqlSettings,
		/** "auto": a hypertable where TimescaleDB is in the database when the tables are made. */
		timescale: z.enum(["auto", "off"]).default("auto"),
	})
	.superRefine(checkReach);
const PostgresqlRecordsSettings = z.strictObject(PostgresqlSettings).superRefine(checkReach);

/** Where samples and records are kept. Taken at the next start. */
export const EngineSettings = z.strictObject({
	series: z.union([z.strictObject({ kind: z.literal("duckdb") }), PostgresqlSeriesSettings]).default({ kind: "duckdb" }),
	records: z.union([z.strictObject({ kind: z.literal("sqlite") }), PostgresqlRecordsSettings]).default({ kind: "sqlite" }),
});
export type EngineSettings = z.output<typeof EngineSettings>;
export type PostgresqlReach = z.output<typeof PostgresqlRecordsSettings>;

export const embeddedEngines: EngineSettings = { series: { kind: "duckdb" }, records: { kind: "sqlite" } };

export const enginesSection = section("engines", EngineSettings.prefault({}));
