import { silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { expect, test } from "vitest";
import { createExternalRows, type ExternalRow, type SampleColumns } from "./external-rows.ts";
import { createRepeats, type Mark, type Repeatable } from "./repeats.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const one = (low: number, over: Partial<ExternalRow> = {}): ExternalRow & Repeatable => ({
	tag: 1,
	high: 400_000_000,
	low,
	value: low,
	text: undefined,
	quality: 0,
	sequence: undefined,
	...over,
});

function rowsForTest() {
	const clock = createFakeClock();
	const repeats = createRepeats({ most: 1000 });
	const taken: { rows: SampleColumns; historical: boolean; done: PromiseWithResolvers<void> }[] = [];
	const rows = createExternalRows({
		clock,
		log: silentLog,
		repeats,
		mostUnderWay: 10,
		ingest(_connection, columns, { historical }) {
			const done = Promise.withResolvers<void>();
			taken.push({ rows: columns, historical, done });
			return done.promise;
		},
	});
	const add = (row: ExternalRow & Repeatable, historical = false) => rows.add(row, historical, repeats.note(row) as Mark);
	return { clock, repeats, taken, rows, add };
}

test("the values of one turn go together, live and historical apart, and one promise is for all of them", async () => {
	const { taken, add, rows } = rowsForTest();
	const first = add(one(1));
	expect(add(one(2, { text: "RUN" }))).toBe(first);
	expect(add(one(3), true)).toBe(first);
	expect(rows.settled()).toBe(first);
	await turn();
	expect(
		taken.map(({ rows: { length, times, values, texts }, historical }) => [
			length,
			[...times],
			[...values],
			[...texts],
			historical,
		]),
	).toEqual([
		[2, [(400_000_000n << 32n) + 1n, (400_000_000n << 32n) + 2n], [1, Number.NaN], [[1, "RUN"]], false],
		[1, [(400_000_000n << 32n) + 3n], [3], [], true],
	]);
	let isDurable = false;
	const watching = first.then(() => {
		isDurable = true;
	});
	taken[0]?.done.resolve();
	await turn();
	expect(isDurable).toBe(false);
	expect(add(one(4))).not.toBe(first);
	taken[1]?.done.resolve();
	await watching;
});

test("what could not be stored is told, and is new when it comes again", async () => {
	const { taken, add, repeats } = rowsForTest();
	const stored = add(one(1));
	await turn();
	expect(repeats.note(one(1))).toBeUndefined();
	taken[0]?.done.reject(new Error("the disk is full"));
	await expect(stored).rejects.toThrow("full");
	expect(repeats.note(one(1))).toBeDefined();
});

test("publishers are asked to wait while much is under way, until half of it is durable or they have waited long", async () => {
	const { taken, add, rows, clock } = rowsForTest();
	for (let i = 0; i < 10; i++) void add(one(i));
	expect(rows.room()).toBeUndefined();
	await turn();
	let went = 0;
	const room = rows.room();
	expect(rows.room()).toBe(room);
	void room?.then(() => went++);
	await turn();
	expect(went).toBe(0);
	taken[0]?.done.resolve();
	await room;
	expect(rows.room()).toBeUndefined();

	for (let i = 10; i < 30; i++) void add(one(i));
	await turn();
	const stuck = rows.room();
	await clock.advance(5000);
	await stuck;
	expect(rows.room()).toBeDefined();
});
