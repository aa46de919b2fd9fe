import type { Migration } from "@millwright/core";
import type { Kysely } from "kysely";
import type { Import } from "../api.ts";

export const historyMigrations: Migration[] = [
	{
		name: "history/001-imports",
		up: [
			`CREATE TABLE history_import (
				id TEXT PRIMARY KEY, file_name TEXT NOT NULL, imported_by TEXT NOT NULL, why TEXT NOT NULL, imported_at BIGINT NOT NULL,
				state TEXT NOT NULL, sample_count BIGINT NOT NULL, tag_count INTEGER NOT NULL, first_ms DOUBLE PRECISION, last_ms DOUBLE PRECISION,
				reason TEXT, undone_by TEXT, undone_at BIGINT)`,
			"CREATE INDEX history_import_at ON history_import (imported_at)",
		],
	},
];

interface Row {
	id: string;
	file_name: string;
	imported_by: string;
	why: string;
	imported_at: number;
	state: string;
	sample_count: number;
	tag_count: number;
	first_ms: number | null;
	last_ms: number | null;
	reason: string | null;
	undone_by: string | null;
	undone_at: number | null;
}
export interface HistoryTables {
	history_import: Row;
}

const fromRow = (row: Row): Import => ({
	id: row.id,
	file: row.file_name,
	by: row.imported_by,
	why: row.why,
	at: Number(row.imported_at),
	state: row.state as Import["state"],
	rows: Number(row.sample_count),
	tags: Number(row.tag_count),
	progress: row.state === "running" ? 0 : 1,
	...(row.first_ms === null ? {} : { first: Number(row.first_ms) }),
	...(row.last_ms === null ? {} : { last: Number(row.last_ms) }),
	...(row.reason === null ? {} : { reason: row.reason }),
	...(row.undone_by === null ? {} : { undoneBy: row.undone_by }),
	...(row.undone_at === null ? {} : { undoneAt: Number(row.undone_at) }),
});

const toRow = (one: Import): Row => ({
	id: one.id,
	file_name: one.file,
	imported_by: one.by,
	why: one.why,
	imported_at: one.at,
	state: one.state,
	sample_count: one.rows,
	tag_count: one.tags,
	first_ms: one.first ?? null,
	last_ms: one.last ?? null,
	reason: one.reason ?? null,
	undone_by: one.undoneBy ?? null,
	undone_at: one.undoneAt ?? null,
});

/** What was brought in, for as long as the platform lives. */
export function createImportTable(db: Kysely<HistoryTables>) {
	return {
		async list(limit: number, offset: number): Promise<{ imports: Import[]; total: number }> {
			const rows = await db
				.selectFrom("history_import")
				.selectAll()
				.orderBy("imported_at", "desc")
				.orderBy("id")
				.limit(limit)
				.offset(offset)
				.execute();
			const { total } = await db
				.selectFrom("history_import")
				.select(({ fn }) => fn.countAll().as("total"))
				.executeTakeFirstOrThrow();
			return { imports: rows.map(fromRow), total: Number(total) };
		},
		async find(id: string): Promise<Import | undefined> {
			const row = await db.selectFrom("history_import").selectAll().where("id", "=", id).executeTakeFirst();
			return row && fromRow(row);
		},
		async running(): Promise<Import[]> {
			return (await db.selectFrom("history_import").selectAll().where("state", "=", "running").execute()).map(fromRow);
		},
		async add(one: Import): Promise<void> {
			await db.insertInto("history_import").values(toRow(one)).execute();
		},
		async change(one: Import): Promise<void> {
			await db.updateTable("history_import").set(toRow(one)).where("id", "=", one.id).execute();
		},
	};
}
export type ImportTable = ReturnType<typeof createImportTable>;
