import type { Migration } from "@millwright/core";

/** Times are ms since 1970 UTC, booleans 0 and 1, lists JSON: the same on SQLite and PostgreSQL. */
export interface AccessTables {
	access_people: {
		id: string;
		login: string;
		name: string;
		roles: string;
		language: string | null;
		active: number;
		must_change: number;
		password_hash: string;
		created_at: number;
		last_seen_at: number | null;
	};
	access_sessions: {
		id: string;
		/** SHA-256 of the token in the cookie, hex. */
		token_hash: string;
		person: string;
		created_at: number;
		last_seen_at: number;
		address: string;
		agent: string;
	};
	access_keys: {
		id: string;
		name: string;
		hint: string;
		/** SHA-256 of the whole secret, hex. */
		secret_hash: string;
		roles: string;
		publish: string;
		subscribe: string;
		clearance: string;
		created_at: number;
		created_by: string;
		expires_at: number | null;
		last_used_at: number | null;
		active: number;
		/** Common name of a client certificate that stands for the secret over MQTT. */
		certificate_name: string | null;
	};
}

export const accessMigrations: readonly Migration[] = [
	{
		name: "access/001-people-sessions-keys",
		up: [
			`CREATE TABLE access_people (
				id TEXT PRIMARY KEY,
				login TEXT NOT NULL UNIQUE,
				name TEXT NOT NULL,
				roles TEXT NOT NULL,
				language TEXT,
				active INTEGER NOT NULL,
				must_change INTEGER NOT NULL,
				password_hash TEXT NOT NULL,
				created_at BIGINT NOT NULL,
				last_seen_at BIGINT
			)`,
			`CREATE TABLE access_sessions (
				id TEXT PRIMARY KEY,
				token_hash TEXT NOT NULL UNIQUE,
				person TEXT NOT NULL REFERENCES access_people (id),
				created_at BIGINT NOT NULL,
				last_seen_at BIGINT NOT NULL,
				address TEXT NOT NULL,
				agent TEXT NOT NULL
			)`,
			"CREATE INDEX access_sessions_person ON access_sessions (person)",
			`CREATE TABLE access_keys (
				id TEXT PRIMARY KEY,
				name TEXT NOT NULL,
				hint TEXT NOT NULL,
				secret_hash TEXT NOT NULL UNIQUE,
				roles TEXT NOT NULL,
				publish TEXT NOT NULL,
				subscribe TEXT NOT NULL,
				created_at BIGINT NOT NULL,
				created_by TEXT NOT NULL,
				expires_at BIGINT,
				last_used_at BIGINT,
				active INTEGER NOT NULL
			)`,
		],
	},
	{
		name: "access/002-key-clearance",
		up: ["ALTER TABLE access_keys ADD COLUMN clearance TEXT NOT NULL DEFAULT 'internal'"],
	},
	{
		name: "access/003-key-certificate",
		up: ["ALTER TABLE access_keys ADD COLUMN certificate_name TEXT"],
	},
];
