import type { Migration } from "@millwright/core";
import type { Kysely } from "kysely";
import type { LimitEvent } from "./api.ts";

export const twinMigrations: Migration[] = [
	{
		name: "twin/001-limit-events",
		up: [
			`CREATE TABLE twin_limit_event (
				id TEXT PRIMARY KEY, asset TEXT NOT NULL, tag TEXT NOT NULL, level TEXT NOT NULL, severity TEXT NOT NULL,
				limit_value DOUBLE PRECISION NOT NULL, value DOUBLE PRECISION NOT NULL, worst DOUBLE PRECISION NOT NULL, unit TEXT NOT NULL,
				raised_at BIGINT NOT NULL, cleared_at BIGINT)`,
			"CREATE INDEX twin_limit_event_asset ON twin_limit_event (asset, raised_at)",
			"CREATE INDEX twin_limit_event_raised ON twin_limit_event (raised_at)",
		],
	},
];

interface Row {
	id: string;
	asset: string;
	tag: string;
	level: string;
	severity: string;
	limit_value: number;
	value: number;
	worst: number;
	unit: string;
	raised_at: number;
	cleared_at: number | null;
}
export interface TwinTables {
	twin_limit_event: Row;
}

const toRow = (event: LimitEvent): Row => ({
	id: event.id,
	asset: event.asset,
	tag: event.tag,
	level: event.level,
	severity: event.severity,
	limit_value: event.limit,
	value: event.value,
	worst: event.worst,
	unit: event.unit,
	raised_at: event.raisedAt,
	cleared_at: event.clearedAt ?? null,
});
const fromRow = (row: Row): LimitEvent => ({
	id: row.id,
	asset: row.asset,
	tag: row.tag,
	level: row.level as LimitEvent["level"],
	severity: row.severity as LimitEvent["severity"],
	limit: Number(row.limit_value),
	value: Number(row.value),
	worst: Number(row.worst),
	unit: row.unit,
	raisedAt: Number(row.raised_at),
	...(row.cleared_at === null ? {} : { clearedAt: Number(row.cleared_at) }),
});

/** Raised and cleared limits, kept. Writes are queued so that the cycle never waits for the disk. */
export function createLimitEventStore({ db, failed }: { db: Kysely<TwinTables>; failed: (cause: unknown) => void }) {
	const waiting = new Map<string, LimitEvent>();
	let writing: Promise<void> | undefined;

	async function drain(): Promise<void> {
		while (waiting.size > 0) {
			const events = [...waiting.values()].slice(0, 200);
			try {
				await db.transaction().execute(async (step) => {
					for (const event of events) {
						const row = toRow(event);
						await step
							.insertInto("twin_limit_event")
							.values(row)
							.onConflict((conflict) => conflict.column("id").doUpdateSet({ worst: row.worst, cleared_at: row.cleared_at }))
							.execute();
					}
				});
				for (const event of events) if (waiting.get(event.id) === event) waiting.delete(event.id);
			} catch (cause) {
				failed(cause);
				return;
			}
		}
	}

	return {
		/** Newest state of an event wins; at most 10,000 wait, the oldest are written first. */
		put(event: LimitEvent): void {
			waiting.set(event.id, event);
			if (waiting.size > 10_000) waiting.delete(waiting.keys().next().value as string);
			writing ??= drain().finally(() => {
				writing = undefined;
			});
		},
		async settled(): Promise<void> {
			await writing;
			if (waiting.size > 0) await drain();
		},
		async active(): Promise<LimitEvent[]> {
			const rows = await db.selectFrom("twin_limit_event").selectAll().where("cleared_at", "is", null).execute();
			return rows.map(fromRow);
		},
		async list(wanted: {
			asset?: string | undefined;
			active?: boolean | undefined;
			from?: number | undefined;
			until?: number | undefined;
			limit: number;
			offset: number;
			/** Tags whose events do not exist for who asks. */
			isHidden?: (tag: string) => boolean;
		}): Promise<{ events: LimitEvent[]; total: number }> {
			await writing;
			let query = db.selectFrom("twin_limit_event");
			const { isHidden } = wanted;
			if (isHidden) {
				const tags = await query.select("tag").distinct().execute();
				const hidden = tags.map(({ tag }) => tag).filter(isHidden);
				for (let i = 0; i < hidden.length; i += 500) query = query.where("tag", "not in", hidden.slice(i, i + 500));
			}
			if (wanted.asset !== undefined) query = query.where("asset", "=", wanted.asset);
			if (wanted.active !== undefined) query = query.where("cleared_at", wanted.active ? "is" : "is not", null);
			if (wanted.from !== undefined) {
				const from = wanted.from;
				query = query.where((is) => is.or([is("cleared_at", "is", null), is("cleared_at", ">=", from)]));
			}
			if (wanted.until !== undefined) query = query.where("raised_at", "<", wanted.until);
			const { total } = await query.select((of) => of.fn.countAll().as("total")).executeTakeFirstOrThrow();
			const rows = await query
				.selectAll()
				.orderBy("raised_at", "desc")
				.orderBy("id")
				.limit(wanted.limit)
				.offset(wanted.offset)
				.execute();
			return { events: rows.map(fromRow), total: Number(total) };
		},
	};
}
export type LimitEventStore = ReturnType<typeof createLimitEventStore>;
