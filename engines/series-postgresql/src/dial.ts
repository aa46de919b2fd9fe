import { MillwrightError } from "@millwright/core";
import { asPostgresqlError, type PostgresqlTarget, postgresqlOptions, postgresqlPlace } from "@millwright/runtime";
import pg from "pg";

/** Opens connections of one engine; whoever dials hangs up. */
export interface Dial {
	readonly place: string;
	readonly schema: string;
	/** `statementMs` 0: as long as it takes. */
	open(about: { name: string; statementMs: number; lost?: (error: Error) => void }): Promise<pg.Client>;
	/** Ends what another connection of ours is doing now. */
	cancel(pid: number): Promise<void>;
}

export function createDial({ target, schema }: { target: PostgresqlTarget; schema: string }): Dial {
	if (!/^[a-z_][a-z0-9_]{0,50}$/.test(schema))
		throw new MillwrightError("series.schema-name", `"${schema}" cannot be the name of a schema`, {
			kind: "input",
			hint: "Small letters, digits and _ only.",
		});
	const place = postgresqlPlace(target);
	const open: Dial["open"] = async ({ name, statementMs, lost = () => {} }) => {
		const options = postgresqlOptions(target, { name: `millwright ${name}`, schema, statementMs, idleTransactionMs: 30_000 });
		const client = new pg.Client(options);
		client.on("error", lost);
		try {
			await client.connect();
			// Sorting an hour of a plant in memory is worth more than the server's default.
			await client.query("SET work_mem = '32MB'");
			return client;
		} catch (thrown) {
			await hangUp(client);
			throw asPostgresqlError(thrown, "series", place);
		}
	};
	return {
		place,
		schema,
		open,
		async cancel(pid) {
			const client = await open({ name: "cancel", statementMs: 5000 });
			try {
				await client.query("SELECT pg_cancel_backend($1)", [pid]);
			} finally {
				await hangUp(client);
			}
		},
	};
}

/** Politely, but not for long: a server that does not answer does not hear a goodbye either. */
export async function hangUp(client: pg.Client): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<void>((resolve) => {
		timer = setTimeout(resolve, 500);
	});
	await Promise.race([client.end().catch(() => {}), late]);
	clearTimeout(timer);
	const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
	connection?.stream?.destroy();
}

/** The server's process behind a connection. */
export const pidOf = (client: pg.Client): number => (client as unknown as { processID: number }).processID;

/** A number in SQL that is compared as what the column is. */
export const bigintSql = (value: bigint): string => `'${value}'::bigint`;
export const tagsSql = (tags: readonly number[]): string =>
	`ANY ('{${tags.map((tag) => Math.trunc(tag) | 0).join(",")}}'::integer[])`;
