import type { DuckDBConnection } from "@duckdb/node-api";
import { DamagedSegment } from "../parquet/segment-reader.ts";
import { createBreath } from "../tiers/breath.ts";
import type { Gate } from "../tiers/gate.ts";
import { type HotHours, type RowsByTag, readHot } from "../tiers/hot-rows.ts";
import type { Segments } from "../tiers/segments.ts";
import type { Source } from "../tiers/walk.ts";

/** What every question asks. */
export interface Store {
	segments: Segments;
	hours: HotHours;
	gate: Gate;
	/** A file that cannot be read; it is left out from then on. */
	damaged(found: DamagedSegment): void;
}

export interface Asking {
	store: Store;
	connection: DuckDBConnection;
	/** Throws when the question was taken back. */
	check(): void;
}

/** Tags whose hot rows are held in memory at once. */
const tagsAtOnce = 64;

/**
 * Runs over what the store holds at one moment. A damaged file is left out and the question is asked again, so that the
 * answer comes from the rest.
 */
export async function withSource<T>(
	{ store, connection, check }: Asking,
	{ tags, from, until }: { tags: readonly number[]; from: bigint; until: bigint },
	run: (source: Source, breathe: () => Promise<void> | undefined) => Promise<T>,
): Promise<T> {
	for (;;) {
		check();
		const isHot = tags.length > 0 && store.hours.has(from, until);
		const source = await sourceOf(store, isHot ? () => readHot(connection, tags, from, until) : undefined);
		try {
			return await run(source, createBreath(check));
		} catch (thrown) {
			if (!(thrown instanceof DamagedSegment)) throw thrown;
			store.damaged(thrown);
		} finally {
			source.lease.release();
		}
	}
}

/** A lease and hot rows of the same moment. */
export async function sourceOf({ segments, gate }: Store, hot?: () => Promise<RowsByTag>): Promise<Source> {
	if (!hot) return { segments, lease: segments.lease(), hot: new Map() };
	return gate.read(async () => {
		const lease = segments.lease();
		try {
			return { segments, lease, hot: await hot() };
		} catch (thrown) {
			lease.release();
			throw thrown;
		}
	});
}

/** The same for many tags, some at a time. */
export async function eachTag(
	asking: Asking,
	{ tags, from, until }: { tags: readonly number[]; from: bigint; until: bigint },
	run: (source: Source, tag: number, breathe: () => Promise<void> | undefined) => Promise<void>,
): Promise<void> {
	for (let at = 0; at < tags.length; at += tagsAtOnce) {
		let done = at;
		const some = tags.slice(at, at + tagsAtOnce);
		// Tags that were answered before a file turned out to be damaged are not asked again.
		await withSource(asking, { tags: some, from, until }, async (source, breathe) => {
			for (; done < at + some.length; done++) {
				await run(source, tags[done] as number, breathe);
				await breathe();
			}
		});
	}
}
