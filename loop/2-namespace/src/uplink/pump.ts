import type { Clock, EnvelopeEntry, Timer } from "@millwright/core";
import type { SampleStore } from "@millwright/sense/api";
import type { UplinkSettings } from "./api-uplink.ts";
import { createBudget } from "./budget.ts";
import { type Parcel, parcelOf, type UpLane } from "./up-lane.ts";

/** Messages the broker has not taken yet; a backlog may not fill the line in front of what is live. */
const mostUnderWay = { live: 64, backlog: 3 } as const;
const fetchRows = 20_000;
/** Fetched and not yet sent. */
const bufferedRows = 40_000;

type Source = "live" | "backlog" | "asked";

/** Decides what goes up next: live, then backlog, then what was asked for; by priority, then by age; within the budget and the bound in flight. */
export function createPump({
	clock,
	settings,
	lanes,
	priorityOf,
	isReady,
	send,
	store,
}: {
	clock: Clock;
	settings: () => UplinkSettings;
	lanes: ReadonlyMap<string, UpLane>;
	priorityOf(connection: string): number;
	isReady: () => boolean;
	send(entries: EnvelopeEntry[], rows: number, done: (error?: Error) => void): void;
	store: Pick<SampleStore, "unacknowledged" | "pull">;
}) {
	const budget = createBudget({ clock, perSecond: () => settings().budget });
	let underWay = 0;
	let due: Timer | undefined;
	let dueAt = Number.POSITIVE_INFINITY;
	/** Rises with each line, so that answers to an earlier one say nothing. */
	let turn = 0;
	const fetching = new Set<UpLane>();
	/** Sent from their backlog just now: there may be more of it in the store. */
	const drained = new Set<UpLane>();

	function later(ms: number): void {
		const at = clock.monotonicMs() + ms;
		if (at >= dueAt) return;
		due?.cancel();
		dueAt = at;
		due = clock.after(ms, () => {
			due = undefined;
			dueAt = Number.POSITIVE_INFINITY;
			go();
		});
	}

	function flying(): { rows: number; bytes: number; liveRows: number } {
		const sum = { rows: 0, bytes: 0, liveRows: 0 };
		for (const lane of lanes.values()) {
			sum.rows += lane.flyingRows;
			sum.bytes += lane.flyingBytes;
			sum.liveRows += lane.liveRows;
		}
		return sum;
	}

	/** The lanes that have something, the most urgent first. */
	function ordered(source: Source): UpLane[] {
		const having = [...lanes.values()].filter((lane) => lane[source].length > 0);
		return having.sort(
			(a, b) =>
				priorityOf(a.connection) - priorityOf(b.connection) || (a[source][0] as Parcel).atMs - (b[source][0] as Parcel).atMs,
		);
	}

	/** One message's worth of parcels. */
	function take(source: Source): { lane: UpLane; parcel: Parcel }[] {
		const largest = budget.messageBytes(settings().messageBytes);
		const taken: { lane: UpLane; parcel: Parcel }[] = [];
		let bytes = 0;
		for (const lane of ordered(source))
			while (lane[source].length > 0) {
				const parcel = lane[source][0] as Parcel;
				if (taken.length > 0 && bytes + parcel.bytes.length > largest) return taken;
				if (source === "live") lane.dropLive();
				else lane[source].shift();
				taken.push({ lane, parcel });
				bytes += parcel.bytes.length + 16;
			}
		return taken;
	}

	function sendOne(source: Source): boolean {
		const parcels = take(source);
		if (parcels.length === 0) return false;
		if (source === "backlog") for (const lane of new Set(parcels.map(({ lane: one }) => one))) drained.add(lane);
		const nowMs = clock.monotonicMs();
		let rows = 0;
		const entries = parcels.map(({ lane, parcel }): EnvelopeEntry => {
			const after = lane.after[parcel.lane];
			lane.sent(parcel, nowMs);
			rows += parcel.rows;
			return { lane: parcel.lane, after, bytes: parcel.bytes };
		});
		underWay++;
		const mine = turn;
		send(entries, rows, (error) => {
			if (mine !== turn) return;
			underWay--;
			if (error) for (const { lane, parcel } of parcels) lane.giveUp((one) => one === parcel);
			go();
		});
		return true;
	}

	/** What cannot go up live in time stays in the store: the oldest of the least urgent first. */
	function shed(rows: number): void {
		const urgent = ordered("live").reverse();
		for (const lane of urgent)
			while (rows > 0) {
				const dropped = lane.dropLive();
				if (!dropped) break;
				rows -= dropped.rows;
			}
	}

	function go(): void {
		if (!isReady()) return;
		sendAll();
		for (const lane of drained) fetch(lane);
		drained.clear();
	}

	function sendAll(): void {
		const { inFlightRows, inFlightBytes } = settings();
		for (;;) {
			const { rows, bytes, liveRows } = flying();
			if (liveRows > inFlightRows / 2) shed(liveRows - inFlightRows / 2);
			if (rows >= inFlightRows || bytes >= inFlightBytes) return;
			const wait = budget.wait();
			if (wait > 0) {
				later(wait);
				return;
			}
			if (underWay < mostUnderWay.live && sendOne("live")) continue;
			if (underWay < mostUnderWay.backlog && (sendOne("backlog") || sendOne("asked"))) continue;
			return;
		}
	}

	/** Takes from the store what nobody takes care of, unless enough is at hand. */
	function fetch(lane: UpLane): void {
		if (fetching.has(lane) || lane.backlog.length > 0) return;
		let buffered = 0;
		// The urgent first: others fetch when those are through.
		const urgent = priorityOf(lane.connection);
		for (const other of lanes.values()) {
			for (const { rows } of other.backlog) buffered += rows;
			if (other !== lane && other.backlog.length > 0 && priorityOf(other.connection) < urgent) return;
		}
		if (buffered >= bufferedRows) return;
		fetching.add(lane);
		fill(lane)
			.catch(() => {})
			.finally(() => fetching.delete(lane));
	}

	async function fill(lane: UpLane): Promise<void> {
		const mine = turn;
		const [range] = lane.owed(store.unacknowledged(lane.connection, 200));
		if (!range) return;
		const rows = Math.min(fetchRows, range.last - range.first + 1);
		const { batches } = await store.pull(lane.connection, range.first, rows);
		if (mine !== turn || !isReady()) return;
		for (const batch of batches) {
			// Beyond the range somebody takes care of them already.
			if (batch.first > range.last) break;
			const parcel = parcelOf(batch.length === 0 ? batch : { ...batch, historical: true }, "backlog");
			lane.backlog.push(parcel);
			if (batch.length > 0) lane.backlogAtMs = parcel.atMs;
		}
		if (lane.backlog.length > 0) go();
	}

	return {
		go,
		/** Something live came: it may wait a moment for company. */
		arrived: (): void => later(settings().group),
		spend: (bytes: number): void => budget.spend(bytes),
		fetch,
		reset(): void {
			turn++;
			underWay = 0;
			due?.cancel();
			due = undefined;
			dueAt = Number.POSITIVE_INFINITY;
		},
	};
}
export type Pump = ReturnType<typeof createPump>;
