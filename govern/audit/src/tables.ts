import type { Migration } from "@millwright/core";

/** The file is the truth; these tables find entries in it and remember how far it reached. Times are ms since 1970 UTC. */
export interface AuditTables {
	audit_index: {
		/** Offset of the line in the file. */
		place: number;
		/** Bytes without the newline. */
		length: number;
		number: number;
		at: number;
		who_id: string;
		who_name: string;
		what: string;
		subject: string;
		outcome: string;
		hash: string;
	};
	audit_anchors: {
		/** "head", or "lost-<number>-<hash>" for one the file no longer reaches. */
		id: string;
		number: number;
		hash: string;
		at: number;
		lost_from: number | null;
	};
}

export const auditMigrations: readonly Migration[] = [
	{
		name: "audit/001-index-anchors",
		up: [
			`CREATE TABLE audit_index (
				place BIGINT PRIMARY KEY,
				length INTEGER NOT NULL,
				number BIGINT NOT NULL,
				at BIGINT NOT NULL,
				who_id TEXT NOT NULL,
				who_name TEXT NOT NULL,
				what TEXT NOT NULL,
				subject TEXT NOT NULL,
				outcome TEXT NOT NULL,
				hash TEXT NOT NULL
			)`,
			"CREATE INDEX audit_index_number ON audit_index (number)",
			"CREATE INDEX audit_index_at ON audit_index (at)",
			"CREATE INDEX audit_index_who ON audit_index (who_id, number)",
			"CREATE INDEX audit_index_what ON audit_index (what, number)",
			`CREATE TABLE audit_anchors (
				id TEXT PRIMARY KEY,
				number BIGINT NOT NULL,
				hash TEXT NOT NULL,
				at BIGINT NOT NULL,
				lost_from BIGINT
			)`,
		],
	},
];
