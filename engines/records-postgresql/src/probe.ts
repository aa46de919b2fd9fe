import { asPostgresqlError, type PostgresqlTarget, postgresqlOptions, postgresqlPlace } from "@millwright/runtime";
import pg from "pg";

export interface ProbedPostgresql {
	place: string;
	version: string;
	/** Do the tables exist, or may they be made? */
	isUsable: boolean;
	fsync: boolean;
	encoding: string;
	timescale: string | undefined;
}

/** One look at a database, for those who check before they start; changes nothing. */
export async function probePostgresql(target: PostgresqlTarget, schema: string): Promise<ProbedPostgresql> {
	const client = new pg.Client(
		postgresqlOptions(target, { name: "millwright doctor", schema, statementMs: 5000, connectMs: 5000 }),
	);
	client.on("error", () => {});
	const place = postgresqlPlace(target);
	try {
		await client.connect();
		const { rows } = await client.query(
			`SELECT current_setting('server_version') AS version, current_setting('server_encoding') AS encoding,
				current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS fsync,
				CASE WHEN to_regnamespace($1) IS NULL THEN has_database_privilege(current_database(), 'CREATE')
					ELSE has_schema_privilege(to_regnamespace($1), 'CREATE') END AS usable,
				(SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescale`,
			[schema],
		);
		const { version, encoding, fsync, usable, timescale } = rows[0] as {
			version: string;
			encoding: string;
			fsync: boolean;
			usable: boolean;
			timescale: string | null;
		};
		return { place, version, encoding, fsync, isUsable: usable, timescale: timescale ?? undefined };
	} catch (thrown) {
		throw asPostgresqlError(thrown, "records", place);
	} finally {
		await client.end().catch(() => {});
	}
}
