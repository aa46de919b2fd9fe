import type { ClientBase } from "pg";

/** References and indexes that the server does not vouch for, and tables whose rows it cannot read. */
export async function problemsOf(client: ClientBase, schema: string): Promise<string[]> {
	const problems: string[] = [];
	const loose = await client.query(
		"SELECT conrelid::regclass::text AS of, conname FROM pg_constraint WHERE connamespace = to_regnamespace($1) AND NOT convalidated",
		[schema],
	);
	for (const { of, conname } of loose.rows) problems.push(`${of}: the constraint ${conname} was never checked`);
	const indexes = await client.query(
		"SELECT i.indexrelid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = to_regnamespace($1) AND NOT (i.indisvalid AND i.indisready)",
		[schema],
	);
	for (const { name } of indexes.rows) problems.push(`The index ${name} is not valid`);
	const tables = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY tablename", [schema]);
	for (const { tablename } of tables.rows as { tablename: string }[])
		try {
			// Every column of every row is read: what the disk has lost shows here.
			await client.query(`SELECT sum(length(t::text)) FROM "${tablename.replaceAll('"', '""')}" t`);
		} catch (thrown) {
			problems.push(`${tablename} cannot be read: ${(thrown as Error).message}`);
		}
	return problems;
}
