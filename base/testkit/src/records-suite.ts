import type { Migration } from "@millwright/core";
import type { Kysely } from "kysely";
import { expect, test } from "vitest";

/** What the suite needs of a records engine. */
export interface RecordsUnderTest {
	tables<T>(): Kysely<T>;
	close(): Promise<void>;
}

interface Tables {
	suite_orders: { id: string; title: string; open: number; due_at: number | null; note: string | null; weight: number };
	suite_lines: { number: number; order_id: string; amount: number };
}

/** Tables in the SQL both engines speak. */
export const suiteMigrations: readonly Migration[] = [
	{
		name: "suite/001-orders",
		up: [
			`CREATE TABLE suite_orders (
				id TEXT PRIMARY KEY,
				title TEXT NOT NULL UNIQUE,
				open INTEGER NOT NULL,
				due_at BIGINT,
				note TEXT,
				weight DOUBLE PRECISION NOT NULL
			)`,
			`CREATE TABLE suite_lines (
				number INTEGER PRIMARY KEY,
				order_id TEXT NOT NULL REFERENCES suite_orders (id) ON DELETE CASCADE,
				amount INTEGER NOT NULL
			)`,
		],
	},
];

/** What every records engine must do alike; `open` makes a fresh, migrated store. With `rowLocks`, reading to write says FOR UPDATE. */
export function recordsSuite(open: () => Promise<RecordsUnderTest>, { rowLocks = false }: { rowLocks?: boolean } = {}): void {
	const order = (id: string, over: Partial<Tables["suite_orders"]> = {}): Tables["suite_orders"] => ({
		id,
		title: `Order ${id}`,
		open: 1,
		due_at: null,
		note: null,
		weight: 0,
		...over,
	});
	const using = async (work: (db: Kysely<Tables>) => Promise<void>) => {
		const records = await open();
		try {
			await work(records.tables<Tables>());
		} finally {
			await records.close();
		}
	};

	test("values come back as they went: text, fractions, ms since 1970, null", () =>
		using(async (db) => {
			const given = order("a", { title: "Línea 3 — ✓ 'quoted' \"\\", due_at: 1_767_600_000_123, weight: 0.1 + 0.2 });
			await db.insertInto("suite_orders").values(given).execute();
			expect({ ...(await db.selectFrom("suite_orders").selectAll().executeTakeFirstOrThrow()) }).toEqual(given);
		}));

	test("a change says how many rows it touched and can return them", () =>
		using(async (db) => {
			await db
				.insertInto("suite_orders")
				.values([order("a"), order("b"), order("c")])
				.execute();
			const changed = await db.updateTable("suite_orders").set({ open: 0 }).where("id", "in", ["a", "b"]).executeTakeFirst();
			expect(changed.numUpdatedRows).toBe(2n);
			const gone = await db.deleteFrom("suite_orders").where("open", "=", 0).returning("id").execute();
			expect(gone.map(({ id }) => id).sort()).toEqual(["a", "b"]);
		}));

	test("a failed transaction leaves nothing behind", () =>
		using(async (db) => {
			const failed = db.transaction().execute(async (change) => {
				await change.insertInto("suite_orders").values(order("a")).execute();
				throw new Error("second thoughts");
			});
			await expect(failed).rejects.toThrow("second thoughts");
			expect(await db.selectFrom("suite_orders").selectAll().execute()).toEqual([]);
		}));

	test("a savepoint takes back its part only", () =>
		using(async (db) => {
			const change = await db.startTransaction().execute();
			await change.insertInto("suite_orders").values(order("kept")).execute();
			const inner = await change.savepoint("inner").execute();
			await inner.insertInto("suite_orders").values(order("gone")).execute();
			await inner.rollbackToSavepoint("inner").execute();
			await change.commit().execute();
			expect((await db.selectFrom("suite_orders").select("id").execute()).map(({ id }) => id)).toEqual(["kept"]);
		}));

	test("transactions side by side lose no update", () =>
		using(async (db) => {
			await db.insertInto("suite_orders").values(order("a")).execute();
			const addOne = () =>
				db.transaction().execute(async (change) => {
					const { weight } = await change
						.selectFrom("suite_orders")
						.select("weight")
						.where("id", "=", "a")
						.$if(rowLocks, (query) => query.forUpdate())
						.executeTakeFirstOrThrow();
					await Promise.resolve();
					await change
						.updateTable("suite_orders")
						.set({ weight: weight + 1 })
						.where("id", "=", "a")
						.execute();
				});
			await Promise.all(Array.from({ length: 25 }, addOne));
			expect(await db.selectFrom("suite_orders").select("weight").executeTakeFirstOrThrow()).toMatchObject({ weight: 25 });
		}));

	test("nobody sees the inside of a transaction before it ends", () =>
		using(async (db) => {
			let seen: Promise<unknown[]> | undefined;
			await db.transaction().execute(async (change) => {
				await change.insertInto("suite_orders").values(order("a")).execute();
				seen = db.selectFrom("suite_orders").selectAll().execute();
				await change.updateTable("suite_orders").set({ title: "ready" }).execute();
			});
			expect(await seen).not.toMatchObject([{ title: "Order a" }]);
		}));

	test("a second of the same kind is a conflict", () =>
		using(async (db) => {
			await db.insertInto("suite_orders").values(order("a")).execute();
			await expect(db.insertInto("suite_orders").values(order("a")).execute()).rejects.toMatchObject({
				code: "records.duplicate",
				kind: "conflict",
			});
			await db
				.insertInto("suite_orders")
				.values(order("a", { weight: 7 }))
				.onConflict((on) => on.column("id").doUpdateSet({ weight: 7 }))
				.execute();
			expect(await db.selectFrom("suite_orders").select("weight").executeTakeFirstOrThrow()).toMatchObject({ weight: 7 });
		}));

	test("a reference to nothing is a conflict, and deleting the whole deletes its parts", () =>
		using(async (db) => {
			await expect(
				db.insertInto("suite_lines").values({ number: 1, order_id: "nowhere", amount: 1 }).execute(),
			).rejects.toMatchObject({
				code: "records.reference-broken",
				kind: "conflict",
			});
			await db.insertInto("suite_orders").values(order("a")).execute();
			await db.insertInto("suite_lines").values({ number: 1, order_id: "a", amount: 1 }).execute();
			await db.deleteFrom("suite_orders").execute();
			expect(await db.selectFrom("suite_lines").selectAll().execute()).toEqual([]);
		}));

	test("rows stream in chunks and a stream left early frees the connection", () =>
		using(async (db) => {
			await db
				.insertInto("suite_orders")
				.values(Array.from({ length: 50 }, (_, i) => order(`o${i}`)))
				.execute();
			let seen = 0;
			for await (const _ of db.selectFrom("suite_orders").selectAll().stream(7)) if (++seen === 20) break;
			expect(seen).toBe(20);
			const { count } = await db
				.selectFrom("suite_orders")
				.select((on) => on.fn.countAll().as("count"))
				.executeTakeFirstOrThrow();
			expect(Number(count)).toBe(50);
		}));
}
