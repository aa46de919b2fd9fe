import { asMillwrightError, type Clock, type Log, type TagDirectory } from "@millwright/core";
import type { SampleStore, TagFacts } from "@millwright/sense/api";
import type { Pump } from "./pump.ts";
import { parcelOf, type UpLane } from "./up-lane.ts";
import { type SummaryIds, type SummaryName, summaryNames, WindowSummary } from "./window.ts";

const rowsAtOnce = 20_000;
/** Windows that may wait for the line. */
const mostWaiting = 500;
/** Of a machine that says nothing more, the open window is closed so long after its width, ms. */
const grace = 2000;

/** Summaries upward: the store is read in order of number, and only what became of its windows goes up. */
export function createSummaries({
	store,
	directory,
	widthOf,
	facts,
	laneOf,
	pump,
	clock,
	log,
}: {
	store: Pick<SampleStore, "pull" | "unacknowledged" | "committed">;
	directory: TagDirectory;
	widthOf(connection: string): number;
	facts(id: number): TagFacts | undefined;
	laneOf(connection: string): UpLane;
	pump: Pump;
	clock: Clock;
	log: Log;
}) {
	const windows = new Map<string, { window: WindowSummary; widthMs: number; fedAtMs: number }>();
	const running = new Set<string>();
	const ids = new Map<number, SummaryIds>();
	/** By the id of a summary: what it is made of. */
	const madeOf = new Map<number, { tag: number; name: SummaryName }>();
	let turn = 0;

	function idsOf(tag: number): SummaryIds {
		let known = ids.get(tag);
		if (!known) {
			const base = directory.nameOf(tag);
			const given = directory.assign(summaryNames.map((name) => `${base}.${name}`));
			known = Object.fromEntries(summaryNames.map((name, at) => [name, given[at] as number])) as Record<SummaryName, number>;
			for (const [at, name] of summaryNames.entries()) madeOf.set(given[at] as number, { tag, name });
			ids.set(tag, known);
		}
		return known;
	}

	async function read(connection: string): Promise<void> {
		const mine = turn;
		const lane = laneOf(`summary:${connection}`);
		const widthMs = widthOf(connection);
		let held = windows.get(connection);
		if (!held || held.widthMs !== widthMs) {
			const from = laneOf(connection).owed(store.unacknowledged(connection, 200))[0]?.first;
			if (from === undefined) return;
			held = {
				window: new WindowSummary({ widthMs, from: held?.window.next ?? from, idsOf }),
				widthMs,
				fedAtMs: clock.monotonicMs(),
			};
			windows.set(connection, held);
		}
		const { window } = held;
		const put = (closed: ReturnType<WindowSummary["close"]>): void => {
			if (closed) lane.queueLive(parcelOf(closed.summary, "live"));
		};
		while (lane.live.length < mostWaiting) {
			const { batches } = await store.pull(connection, window.next, rowsAtOnce);
			if (mine !== turn) return;
			for (const batch of batches) for (const closed of window.add(batch)) put(closed);
			if (batches.length === 0) break;
			held.fedAtMs = clock.monotonicMs();
		}
		// Nothing more comes of a machine that fell silent; its window ends by ours.
		if (clock.monotonicMs() - held.fedAtMs > widthMs + grace) put(window.close(connection));
		if (lane.live.length > 0) pump.go();
	}

	return {
		advance(connection: string): void {
			if (running.has(connection)) return;
			running.add(connection);
			read(connection)
				.catch((thrown: unknown) =>
					log.warn("Summaries could not be made", { connection, reason: asMillwrightError(thrown).message }),
				)
				.finally(() => running.delete(connection));
		},
		/** A summary is as confidential and as numeric as what it is made of. */
		facts(id: number): TagFacts | undefined {
			const source = madeOf.get(id);
			const base = source && facts(source.tag);
			if (!source || !base) return undefined;
			const isCount = source.name === "count";
			return {
				...base,
				id,
				tag: directory.nameOf(id),
				connection: `summary:${base.connection}`,
				kind: isCount ? "integer" : source.name === "last" ? base.kind : "number",
				unit: isCount ? "1" : base.unit,
				range: undefined,
				context: undefined,
				staleAfterMs: Number.isFinite(base.staleAfterMs)
					? base.staleAfterMs + widthOf(base.connection) + grace
					: Number.POSITIVE_INFINITY,
			};
		},
		windowFrom: (connection: string, first: number): WindowSummary =>
			new WindowSummary({ widthMs: widthOf(connection), from: first, idsOf }),
		/** Begins again behind what the centre has, once it has said what that is. */
		reset(): void {
			turn++;
			windows.clear();
		},
	};
}
