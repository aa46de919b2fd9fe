import { type ErrorKind, MillwrightError } from "@millwright/core";

/** Where a PostgreSQL database is and who asks; the password comes from the environment or a file, never from a configuration. */
export interface PostgresqlTarget {
	host: string;
	port: number;
	database: string;
	user: string;
	password?: string | undefined;
	/** Left out: no TLS. */
	tls?: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined; verify: boolean } | undefined;
}

/** For messages and logs. */
export const postgresqlPlace = ({ host, port, database, user }: PostgresqlTarget): string =>
	`postgresql://${user}@${host}:${port}/${database}`;

/**
 * Options of a client of ours. A commit means the disk has it, whatever the server's default; what takes too long ends; a
 * line that died is noticed.
 */
export const postgresqlOptions = (
	target: PostgresqlTarget,
	about: { name: string; schema: string; statementMs: number; connectMs?: number; idleTransactionMs?: number },
) => ({
	host: target.host,
	port: target.port,
	database: target.database,
	user: target.user,
	// Never from PGPASSWORD or ~/.pgpass: what is used is what was configured.
	password: target.password ?? "",
	ssl: target.tls
		? {
				rejectUnauthorized: target.tls.verify,
				...(target.tls.ca === undefined ? {} : { ca: target.tls.ca }),
				...(target.tls.cert === undefined ? {} : { cert: target.tls.cert }),
				...(target.tls.key === undefined ? {} : { key: target.tls.key }),
			}
		: false,
	application_name: about.name,
	connectionTimeoutMillis: about.connectMs ?? 10_000,
	statement_timeout: about.statementMs,
	lock_timeout: 15_000,
	idle_in_transaction_session_timeout: about.idleTransactionMs ?? 60_000,
	keepAlive: true,
	keepAliveInitialDelayMillis: 10_000,
	options: `-c search_path=${about.schema} -c synchronous_commit=on -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c jit=off`,
});

export interface PostgresqlFailure {
	/** To be put behind "records." or "series.". */
	code: string;
	kind: ErrorKind;
	hint: string | undefined;
	/** The connection is of no more use. */
	isConnectionLost: boolean;
}

const unreachable: [string, ErrorKind, string] = [
	"not-reachable",
	"outage",
	"Is the PostgreSQL server running, and can it be reached from here? It is tried again by itself.",
];
/** Source: https://www.postgresql.org/docs/15/errcodes-appendix.html; longer beginnings first. */
const states: [beginning: string, code: string, kind: ErrorKind, hint: string | undefined][] = [
	["23505", "duplicate", "conflict", "It exists already."],
	["23503", "reference-broken", "conflict", "Something it refers to does not exist, or something still refers to it."],
	["22021", "text-refused", "input", "PostgreSQL stores no character U+0000."],
	["22P05", "text-refused", "input", "The database's encoding must be UTF8."],
	["25006", "read-only", "outage", "The server takes no writes now: a standby, or set read-only."],
	["25P03", ...unreachable],
	["28", "sign-in-refused", "outage", "Check the user, the password and the server's pg_hba.conf."],
	["3D000", "database-missing", "outage", "Create it: CREATE DATABASE … OWNER … ENCODING 'UTF8'."],
	["42501", "not-allowed", "outage", "The user needs the right to create a schema in the database: make it the owner."],
	["40", "locked", "busy", "Two changes met; try again."],
	["53100", "disk-full", "outage", "Free some space on the disk of the PostgreSQL server."],
	["53300", "too-many-connections", "outage", "Raise max_connections of the server, or end other programs' connections."],
	["53", "server-short", "busy", "The PostgreSQL server is short of memory or the like."],
	["54", "too-much", "input", undefined],
	["55P03", "locked", "busy", "Another program holds a lock; try again."],
	["57014", "too-slow", "busy", "It took longer than it may. Ask for less at once, or give the server more."],
	["57P", ...unreachable],
	["08", ...unreachable],
	["58", "disk-failed", "outage", "Check the disk and the log of the PostgreSQL server."],
	["XX001", "damaged", "outage", "Look at the PostgreSQL server's log; restore a backup of the database."],
	["XX002", "damaged", "outage", "Look at the PostgreSQL server's log; REINDEX what it names."],
];
const lost = /^(08|57P|25P03|28|53300)/;

/** What the client threw: SQLSTATE where the server spoke, Node's codes and words where the line did. */
export function postgresqlFailure(thrown: unknown): PostgresqlFailure {
	const { code = "", message = "" } = (thrown ?? {}) as { code?: string; message?: string };
	const isSqlState = /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code);
	if (!isSqlState) {
		if (/timeout exceeded when trying to connect/.test(message))
			return { code: "busy", kind: "busy", hint: "Try again in a moment.", isConnectionLost: false };
		if (/^(DEPTH_ZERO|SELF_SIGNED|CERT_|UNABLE_TO|ERR_TLS)/.test(code) || /does not support SSL/i.test(message))
			return {
				code: "tls-refused",
				kind: "outage",
				hint: "Check tls: the server's certificate, its authority (caFile), its host name.",
				isConnectionLost: true,
			};
		if (
			/^E[A-Z_]+$/.test(code) ||
			/terminated|timeout|closed|ended|not queryable|socket|Cannot use a pool|message was received/i.test(message)
		)
			return { code: unreachable[0], kind: unreachable[1], hint: unreachable[2], isConnectionLost: true };
		return { code: "query-failed", kind: "bug", hint: undefined, isConnectionLost: true };
	}
	const found = states.find(([beginning]) => code.startsWith(beginning));
	return {
		code: found?.[1] ?? "query-failed",
		kind: found?.[2] ?? "bug",
		hint: found?.[3],
		isConnectionLost: lost.test(code),
	};
}

/** As an error a person can act on; ours pass unchanged. */
export function asPostgresqlError(thrown: unknown, owner: "records" | "series", place?: string): MillwrightError {
	if (thrown instanceof MillwrightError) return thrown;
	const { code, kind, hint } = postgresqlFailure(thrown);
	const message =
		thrown instanceof Error && thrown.message ? thrown.message : ((thrown as { code?: string })?.code ?? String(thrown));
	return new MillwrightError(`${owner}.${code}`, message, {
		kind,
		...(hint ? { hint } : {}),
		...(place ? { place } : {}),
		cause: thrown,
	});
}
