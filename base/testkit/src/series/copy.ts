import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { aggregateNames, Quality } from "@millwright/core";
import { expect, test } from "vitest";
import { day, hour, type SeriesKit, second, seriesBatch } from "./kit.ts";

/** 2021-07-07 00:00:00 UTC. */
const july = 1_625_616_000n * second;

/** Backup and restore. */
export function copyTests(series: SeriesKit): void {
	test("copies all that is durable while more arrives, and an engine restored from it answers the same", {
		timeout: 60_000,
	}, async () => {
		const [tag, other] = [series.newTag(), series.newTag()];
		const connection = series.newConnection();
		const rows = (first: number, count: number) =>
			Array.from({ length: count }, (_, i) => ({
				tag: i % 3 ? tag : other,
				time: july + BigInt(first + i) * 60n * second,
				value: i % 100 === 5 ? "word" : (first + i) * 0.1,
				quality: i % 10 ? Quality.good : Quality.bad,
			}));
		await series.engine.append(seriesBatch(connection, 0, rows(0, 3000)));
		await series.engine.tidy({ until: july + 2n * day });
		async function* some() {
			yield {
				tags: Uint32Array.of(tag, other),
				times: BigInt64Array.of(july + 1n, july + 2n),
				values: Float64Array.of(1, 2),
				quality: Uint8Array.of(0, 0),
			};
		}
		await series.engine.bringIn({ id: "in-copy", rows: some() });

		const folder = join(series.folder, "copy");
		await mkdir(folder);
		const live = series.newConnection();
		let copying = true;
		const appending = (async () => {
			let next = 0;
			do {
				await series.engine.append(seriesBatch(live, next, rows(10_000 + next, 50)));
				next += 50;
			} while (copying);
			return next;
		})();
		const through = series.engine.storedThrough(connection);
		const copied = await series.engine.copyTo({ folder }).finally(() => {
			copying = false;
		});
		const appended = await appending;
		expect(copied.rows).toBeGreaterThanOrEqual(3002);
		expect(copied.bytes).toBeGreaterThan(0);

		const another = await series.peer.another();
		try {
			const restored = await another.engine.restoreFrom({ folder });
			expect(restored.rows).toBe(copied.rows);
			await another.engine.start();
			expect((await another.engine.figures()).rows).toBe(copied.rows);
			expect(another.engine.storedThrough(connection)).toBe(through);
			const kept = another.engine.storedThrough(live) + 1;
			expect(kept).toBeLessThanOrEqual(appended);

			const range = { from: july, until: july + 9_000n * 60n * second };
			const tags = [tag, other];
			for (const ask of [
				(engine: typeof another.engine) => engine.raw({ tag, range, limit: 10_000 }),
				(engine: typeof another.engine) => engine.aggregate({ tags, range, bucket: hour, functions: aggregateNames }),
				(engine: typeof another.engine) => engine.downsample({ tags, range, points: 100 }),
				(engine: typeof another.engine) => engine.before({ tags, time: july + day }),
				(engine: typeof another.engine) => engine.inOrder({ tags, range, limit: 5000 }),
			])
				expect(await ask(another.engine)).toEqual(await ask(series.engine));
			const after = { from: july + 10_000n * 60n * second, until: july + 1000n * day };
			const alive = await another.engine.inOrder({ tags, range: after, limit: 1_000_000 });
			expect(alive.rows.tags.length).toBe(kept);

			// It goes on where the copy ended.
			expect(await another.engine.append(seriesBatch(connection, 2990, rows(2990, 20)))).toEqual({ stored: 10, duplicate: 10 });
			expect(await another.engine.takeOut({ id: "in-copy" })).toEqual({ rows: 2 });
			await another.engine.tidy({ until: july + 3n * day });
			expect((await series.engine.raw({ tag, range: { from: july + 1n, until: july + 2n }, limit: 9 })).values).toEqual(
				Float64Array.of(1),
			);
			await expect(another.engine.restoreFrom({ folder })).rejects.toMatchObject({ kind: "conflict" });
		} finally {
			await another.engine.stop();
			await another.close();
		}
	});

	test("restores nothing from a folder that holds no copy, and copies into no folder that holds something", async () => {
		const folder = join(series.folder, "no-copy");
		await mkdir(join(folder, "something"), { recursive: true });
		await expect(series.engine.copyTo({ folder })).rejects.toMatchObject({ kind: "conflict" });
		const another = await series.peer.another();
		await expect(another.engine.restoreFrom({ folder })).rejects.toMatchObject({ kind: "input" });
		await another.close();
	});
}
