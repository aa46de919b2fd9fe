import type { Clock } from "@millwright/core";
import { type Kysely, sql } from "kysely";
import type { AuditEntry } from "./api.ts";
import { type Head, readLine } from "./chain.ts";
import { linesOf } from "./lines.ts";
import type { AuditTables } from "./tables.ts";
import type { Anchor } from "./verify.ts";

type Row = AuditTables["audit_index"];

export interface IndexQuery {
	who?: string;
	what?: string;
	on?: string;
	outcome?: string;
	from?: number;
	until?: number;
	before?: number;
	limit: number;
}

/** Where entries stand in the file, for questions. Always made from the file, never the other way. */
export interface AuditIndex {
	/** How far the file was known to reach, and what it once reached and lost. */
	anchors(): Promise<Anchor[]>;
	/** The file no longer reaches the head anchor: keep that as evidence. */
	lose(anchor: Anchor, lostFrom: number): Promise<void>;
	/** Forgets all places if the file does not hold what the last one says. */
	check(file: string, size: number): Promise<{ rebuilt: boolean }>;
	/** Reads the file from where the index ends up to `size`. */
	catchUp(file: string, size: number): Promise<void>;
	find(query: IndexQuery): Promise<{ rows: Row[]; total: number }>;
}

/** Some 5 ms of everybody's time. */
const rowsAtOnce = 200;

export function createAuditIndex({ db, clock }: { db: Kysely<AuditTables>; clock: Clock }): AuditIndex {
	/** Offset behind the last line read into the index; unknown before `check`. */
	let indexedTo = 0;

	async function write(rows: readonly Row[]): Promise<void> {
		const last = rows.at(-1);
		if (!last) return;
		await db.transaction().execute(async (step) => {
			await step
				.insertInto("audit_index")
				.values([...rows])
				.execute();
			const head = await step.selectFrom("audit_anchors").select("number").where("id", "=", "head").executeTakeFirst();
			// A rebuild must not take the anchor back to where it has come.
			if (head && Number(head.number) >= last.number) return;
			await step.deleteFrom("audit_anchors").where("id", "=", "head").execute();
			await step
				.insertInto("audit_anchors")
				.values({ id: "head", number: last.number, hash: last.hash, at: clock.nowMs(), lost_from: null })
				.execute();
		});
	}

	async function clear(): Promise<void> {
		await db.deleteFrom("audit_index").execute();
		indexedTo = 0;
	}

	return {
		async anchors() {
			const rows = await db.selectFrom("audit_anchors").selectAll().execute();
			return rows.map((row) => ({
				number: Number(row.number),
				hash: row.hash,
				atMs: Number(row.at),
				...(row.lost_from === null ? {} : { lostFrom: Number(row.lost_from) }),
			}));
		},
		async lose({ number, hash }, lostFrom) {
			const id = `lost-${number}-${hash}`;
			await db.deleteFrom("audit_anchors").where("id", "=", id).execute();
			await db.updateTable("audit_anchors").set({ id, lost_from: lostFrom }).where("id", "=", "head").execute();
		},
		async check(file, size) {
			const last = await db.selectFrom("audit_index").selectAll().orderBy("place", "desc").limit(1).executeTakeFirst();
			if (!last) {
				indexedTo = 0;
				return { rebuilt: size > 0 };
			}
			const place = Number(last.place);
			const end = place + Number(last.length) + 1;
			if (end <= size) {
				for await (const { bytes, isWhole } of linesOf(file, { from: place, until: end })) {
					const entry = readLine(bytes);
					if (!isWhole || "reason" in entry || entry.hash !== last.hash) break;
					indexedTo = end;
					return { rebuilt: false };
				}
			}
			await clear();
			return { rebuilt: true };
		},
		async catchUp(file, size) {
			if (size < indexedTo) await clear();
			let rows: Row[] = [];
			let end = indexedTo;
			for await (const { place, bytes, isWhole } of linesOf(file, { from: indexedTo, until: size })) {
				end = place + bytes.length + (isWhole ? 1 : 0);
				const entry = readLine(bytes);
				// What is no entry has nothing to be found by; verification reports it.
				if (!("reason" in entry)) rows.push(rowOf(entry, place, bytes.length));
				if (rows.length < rowsAtOnce) continue;
				await write(rows);
				indexedTo = end;
				rows = [];
			}
			await write(rows);
			indexedTo = end;
		},
		async find({ who, what, on, outcome, from, until, before, limit }) {
			let all = db.selectFrom("audit_index");
			if (who) all = all.where((is) => is.or([is("who_id", "=", who), is("who_name", "=", who)]));
			// "access." finds all of a step; "/" is the character after ".".
			if (what?.endsWith(".")) all = all.where("what", ">=", what).where("what", "<", `${what.slice(0, -1)}/`);
			else if (what) all = all.where("what", "=", what);
			if (on) all = all.where(sql<boolean>`lower(subject) LIKE ${`%${escaped(on.toLowerCase())}%`} ESCAPE '!'`);
			if (outcome !== undefined) all = all.where("outcome", "=", outcome);
			if (from !== undefined) all = all.where("at", ">=", from);
			if (until !== undefined) all = all.where("at", "<", until);
			const { total } = await all.select((is) => is.fn.countAll().as("total")).executeTakeFirstOrThrow();
			if (before !== undefined) all = all.where("number", "<", before);
			const rows = await all.selectAll().orderBy("number", "desc").orderBy("place", "desc").limit(limit).execute();
			return { rows, total: Number(total) };
		},
	};
}

const escaped = (text: string): string => text.replace(/[!%_]/g, "!$&");

const rowOf = (entry: AuditEntry, place: number, length: number): Row => ({
	place,
	length,
	number: entry.number,
	at: entry.at,
	who_id: entry.who.id,
	who_name: entry.who.name,
	what: entry.what,
	subject: entry.on,
	outcome: entry.outcome,
	hash: entry.hash,
});

/** Does the file's last entry agree with the head anchor? Undefined when it does, or goes on beyond it; else the first entry lost. */
export function lostFrom(anchor: Head, inFile: Head): number | undefined {
	if (inFile.number > anchor.number || (inFile.number === anchor.number && inFile.hash === anchor.hash)) return undefined;
	return inFile.number < anchor.number ? inFile.number + 1 : anchor.number;
}
