import { Quality, qualityName } from "@millwright/core";
import type { Session } from "../kit/platform.ts";
import type { Interruption } from "./factory.ts";

/** What the history holds of the plant's counters, read value by value. */
export interface Counted {
	/** Stored samples by connection, marks of quality among them. */
	rows: Record<string, number>;
	/** Good values that came twice. */
	repeated: number;
	/** Good values that stand after a higher one. */
	reordered: number;
	/** Values a machine answered that are not stored though nothing was interrupted. */
	holes: number;
	/** The same, around an interruption: under way to us when it came. */
	unsent: number;
	/** Most values missing in a row of one tag where only the server was ended. */
	widest: number;
	/** What was found, the first few, for a person. */
	examples: string[];
}

const countsReads = (connection: string): boolean => connection !== "load-opcua";

export interface CountingTag {
	tag: string;
	connection: string;
}

const countersOf = async (session: Session): Promise<CountingTag[]> =>
	(await session.sense.tags({ limit: 5000 })).tags.filter((one) => one.connection.startsWith("load-"));

/**
 * Registers count their own answers, so along source time a tag's good values must be 1, 2, 3 … ; OPC UA values count the
 * plant's ticks and must only rise. A PLC that was switched off begins at 1 again.
 */
export async function countStored(
	session: Session,
	{
		interruptions,
		resets,
		tags,
		trueTime = (ms) => ms,
	}: {
		interruptions: readonly Interruption[];
		resets: readonly number[];
		/** Those of the plant's own connections when left out. */
		tags?: readonly CountingTag[];
		/** Of a source time given by a clock that was set. */
		trueTime?: (ms: number) => number;
	},
): Promise<Counted> {
	const counted: Counted = { rows: {}, repeated: 0, reordered: 0, holes: 0, unsent: 0, widest: 0, examples: [] };
	const example = (text: string) => {
		if (counted.examples.length < 10) counted.examples.push(text);
	};
	for (const { tag, connection } of tags ?? (await countersOf(session))) {
		const series = await session.history.raw({ tag, from: 0, until: Date.now() + 86_400_000, limit: 1_000_000 });
		counted.rows[connection] = (counted.rows[connection] ?? 0) + series.times.length;
		let before: { value: number; time: number; row: number } | undefined;
		const inOrder = series.times.map((at, row) => ({ time: trueTime(at), row })).sort((a, b) => a.time - b.time || a.row - b.row);
		for (const { time, row } of inOrder) {
			const value = series.values[row] as number | null;
			// A time that was given twice because the clock was set back says nothing against the value.
			const isCounted = series.quality[row] === Quality.good || series.quality[row] === Quality.uncertainClock;
			if (value === null || !isCounted) continue;
			const last = before;
			before = { value, time, row };
			if (!last || resets.some((reset) => last.time < reset && time >= reset)) continue;
			const between = Array.from(series.quality.slice(last.row + 1, row), qualityName).join(" ");
			const where = `${tag}: ${last.value} at ${new Date(last.time).toISOString()}, ${between ? `then ${between}, ` : ""}then ${value} at ${new Date(time).toISOString()}`;
			if (value === last.value) {
				counted.repeated++;
				example(`twice: ${where}`);
			} else if (value < last.value) {
				counted.reordered++;
				example(`out of order: ${where}`);
			} else if (value > last.value + 1 && countsReads(connection)) {
				const missing = value - last.value - 1;
				const excuses = interruptions.filter(({ from, until }) => last.time <= until && time >= from);
				if (excuses.length > 0) {
					counted.unsent += missing;
					if (excuses.every(({ of }) => of === "server")) counted.widest = Math.max(counted.widest, missing);
				} else {
					counted.holes += missing;
					example(`missing ${missing}: ${where}`);
				}
			}
		}
	}
	return counted;
}

/** Stored samples by connection with a source time up to `ms`, counted by the history itself. */
export async function storedUntil(session: Session, ms: number): Promise<Record<string, number>> {
	const { tags } = await session.sense.tags({ limit: 5000 });
	return rowsIn(session, tags, ms);
}

/** The same of these tags; of all times that a clock set wrong by hours may have given, when left out. */
export async function rowsIn(
	session: Session,
	tags: readonly CountingTag[],
	ms = Date.now() + 86_400_000,
): Promise<Record<string, number>> {
	const rows: Record<string, number> = {};
	const connectionOf = new Map(tags.map(({ tag, connection }) => [tag, connection]));
	for (let at = 0; at < tags.length; at += 50) {
		const names = tags.slice(at, at + 50).map(({ tag }) => tag);
		const until = Math.ceil(ms) + 1;
		const answer = await session.history.aggregate({ tags: names, from: 0, until, bucket: until, functions: ["count"] });
		for (const { tag, columns } of answer.tags) {
			const connection = connectionOf.get(tag) as string;
			const count = (columns.count ?? []).reduce<number>((sum, one) => sum + (one ?? 0), 0);
			rows[connection] = (rows[connection] ?? 0) + count;
		}
	}
	return rows;
}
