import { open } from "node:fs/promises";
import { type Clock, type Log, systemPrincipal, type Timer } from "@millwright/core";
import type { AuditTrail } from "@millwright/platform";
import type { Health, Part } from "@millwright/runtime";
import type { Kysely } from "kysely";
import type { Audit, AuditEntry } from "./api.ts";
import { createAuditFile } from "./audit-file.ts";
import { createAuditIndex, lostFrom } from "./audit-index.ts";
import { isItself, readLine } from "./chain.ts";
import { factsOf } from "./facts.ts";
import { type AuditTables, auditMigrations } from "./tables.ts";
import { bytesAt } from "./tail.ts";
import { type Verdict, verifyAuditFile } from "./verify.ts";

export interface AuditParts {
	service: Audit;
	trail: AuditTrail;
	part: Part;
	migrations: typeof auditMigrations;
}

const verifyEvery = 24 * 3_600_000;
const indexDelay = 250;
const indexRetry = 5000;
/** Of one answer; the caller asks on with `before`. */
const mostBytes = 8_388_608;

export function createAudit<Tables>({
	db,
	file,
	clock,
	log: parentLog,
}: {
	/** With `auditMigrations` applied. */
	db: Kysely<Tables>;
	/** "audit.jsonl" in the data folder. */
	file: string;
	clock: Clock;
	log: Log;
}): AuditParts {
	const log = parentLog.part("audit");
	// Our tables are a part of whatever else the records hold.
	const index = createAuditIndex({ db: db as unknown as Kysely<AuditTables>, clock });
	const chain = createAuditFile({ file, log, onDurable: () => indexSoon() });
	let stopping = new AbortController();
	let verdict: Verdict | undefined;
	let doubt: string | undefined;
	let indexFailure: string | undefined;
	let nightly: Timer | undefined;
	let soon: Timer | undefined;

	// ---- the index follows the file --------------------------------------------------------------------------------

	let indexing: Promise<void> | undefined;
	/** Resolves when all that was durable at the call can be found. */
	async function indexNow(): Promise<void> {
		// One under way may have begun before the newest entries.
		await indexing?.catch(() => undefined);
		indexing ??= follow().finally(() => {
			indexing = undefined;
		});
		await indexing;
	}

	/** Entries that come together are indexed together: each transaction costs a sync. */
	function indexSoon(ms = indexDelay): void {
		soon ??= clock.after(ms, () => {
			soon = undefined;
			indexNow().catch(() => undefined);
		});
	}

	async function follow(): Promise<void> {
		try {
			await index.catchUp(file, chain.size);
			indexFailure = undefined;
		} catch (cause) {
			const reason = cause instanceof Error ? cause.message : String(cause);
			if (indexFailure === undefined) log.warn("the index of the audit log cannot follow", { reason });
			indexFailure = reason;
			if (!stopping.signal.aborted) indexSoon(indexRetry);
			throw cause;
		}
	}

	// ---- verification ----------------------------------------------------------------------------------------------

	let verifying: Promise<Verdict> | undefined;
	function verify(): Promise<Verdict> {
		verifying ??= (async () => {
			// In this order: the file always reaches what was anchored before.
			const anchors = await index.anchors();
			verdict = await verifyAuditFile(file, { anchors, until: chain.size, signal: stopping.signal });
			if (!verdict.whole) log.error("the audit log is broken", { at: verdict.brokenAt, reason: verdict.reason });
			return verdict;
		})().finally(() => {
			verifying = undefined;
		});
		return verifying;
	}

	function verifyAside(): void {
		verify().catch((cause: unknown) => {
			if (!stopping.signal.aborted) log.warn("the audit log could not be verified", { reason: String(cause) });
		});
	}

	// ---- recording -------------------------------------------------------------------------------------------------

	const trail: AuditTrail = { record: (given) => chain.append(factsOf(given, clock.nowMs())) };

	const recordOwn = (what: string, input: Record<string, unknown>, why: string): Promise<void> =>
		trail.record({ who: systemPrincipal, from: "internal", what, input, why, outcome: "done", code: "" });

	async function start(): Promise<void> {
		stopping = new AbortController();
		const anchor = (await index.anchors()).find((one) => one.lostFrom === undefined);
		const { tornBytes, aside, inFile } = await chain.open(anchor);
		if (anchor) {
			const from = lostFrom(anchor, inFile);
			if (from !== undefined) {
				log.error("the end of the audit log is gone", { file, from, to: anchor.number });
				await index.lose(anchor, from);
				await recordOwn(
					"audit.cut",
					{ from, to: anchor.number, hash: anchor.hash },
					"The end of the audit log was gone at start",
				);
			}
		}
		if (tornBytes > 0) {
			log.warn("an unfinished last line of the audit log was set aside", { file, bytes: tornBytes, keptIn: aside });
			await recordOwn(
				"audit.torn",
				{ bytes: tornBytes },
				"A crash left an unfinished last line, kept in audit.torn; it was never acknowledged",
			);
		}
		const { rebuilt } = await index.check(file, chain.size);
		if (rebuilt) log.info("the index of the audit log is made anew", { bytes: chain.size });
		indexSoon(0);
		verifyAside();
		nightly = clock.every(verifyEvery, verifyAside);
	}

	// ---- reading ---------------------------------------------------------------------------------------------------

	type Row = AuditTables["audit_index"];
	async function read(rows: readonly Row[]): Promise<AuditEntry[]> {
		if (rows.length === 0) return [];
		const handle = await open(file, "r");
		try {
			const entries: AuditEntry[] = [];
			let bytes = 0;
			for (const row of rows) {
				bytes += Number(row.length);
				if (bytes > mostBytes && entries.length > 0) break;
				const entry = readLine(await bytesAt(handle, Number(row.place), Number(row.length)));
				const isSame = !("reason" in entry) && entry.hash === row.hash && isItself(entry);
				if (!isSame) doubt = `Entry ${row.number} is not what it was when it was written`;
				entries.push(isSame ? entry : remembered(row));
			}
			return entries;
		} finally {
			await handle.close();
		}
	}

	function health(): Health {
		if (chain.failure !== undefined)
			return {
				state: "failing",
				reason: `Writes cannot be recorded: ${chain.failure}`,
				hint: "Check the disk of the data folder: space and rights.",
			};
		const broken =
			verdict && !verdict.whole ? `The chain breaks at entry ${verdict.brokenAt}: ${verdict.reason}` : (chain.intrusion ?? doubt);
		if (broken !== undefined)
			return {
				state: "failing",
				reason: broken,
				hint: "Keep the file as it is, compare it with a backup, and find out who changed it. New entries are still recorded.",
			};
		if (indexFailure !== undefined)
			return {
				state: "degraded",
				reason: `Entries are recorded but cannot be searched: ${indexFailure}`,
				hint: "Check the records database.",
			};
		return { state: "good" };
	}

	return {
		migrations: auditMigrations,
		trail,
		service: {
			async entries(query) {
				await indexNow();
				const { rows, total } = await index.find(query);
				return { entries: await read(rows), total };
			},
			verify: () => verify(),
		},
		part: {
			name: "audit",
			start,
			async stop() {
				nightly?.cancel();
				await chain.close();
				stopping.abort();
				await indexNow().catch(() => undefined);
				soon?.cancel();
				soon = undefined;
				await verifying?.catch(() => undefined);
			},
			health,
			figures: () => [
				{ name: "audit_entries", help: "Entries in the audit log", type: "gauge", value: chain.head.number },
				{ name: "audit_bytes", help: "Size of the audit log", type: "gauge", value: chain.size },
				{ name: "audit_written_total", help: "Entries written since start", type: "counter", value: chain.entriesWritten },
				{ name: "audit_syncs_total", help: "Syncs to disk since start; entries share them", type: "counter", value: chain.syncs },
			],
		},
	};
}

/** What the index still knows of an entry whose line was changed. */
const remembered = (row: AuditTables["audit_index"]): AuditEntry => ({
	number: Number(row.number),
	at: Number(row.at),
	who: { id: row.who_id, name: row.who_name, from: "" },
	what: row.what,
	on: row.subject,
	input: { unreadable: "The line in the file was changed; this is what the index remembers" },
	why: "",
	outcome: row.outcome as AuditEntry["outcome"],
	code: "audit.unreadable",
	previous: "",
	hash: row.hash,
});
