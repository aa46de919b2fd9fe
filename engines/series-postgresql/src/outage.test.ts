import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type MillwrightError, type SampleBatch, SampleBatchBuilder, type SeriesEngine } from "@millwright/core";
import { silentLog } from "@millwright/runtime";
import { type PostgresqlServer, postgresqlMissing, startPostgresqlServer } from "@millwright/testkit/postgresql-server";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createPostgresqlSeries, type PostgresqlSeriesOptions } from "./index.ts";

const child = fileURLToPath(new URL("./writing-child-for-test.ts", import.meta.url));
const range = { from: 0n, until: 10n ** 18n };

describe.skipIf(postgresqlMissing)(postgresqlMissing ? `skipped: ${postgresqlMissing}` : "outages", () => {
	let server: PostgresqlServer;
	let databases = 0;
	beforeAll(async () => {
		server = await startPostgresqlServer();
	});
	afterAll(() => server?.stop());

	const newDatabase = () => server.createDatabase(`outage_${++databases}`);
	const open = (database: string, more: Partial<PostgresqlSeriesOptions> = {}) => {
		const engine = createPostgresqlSeries({
			target: { host: server.host, port: server.port, user: server.user, database },
			log: silentLog,
			flushMs: 1,
			flushRows: 500,
			queueRows: 50_000,
			patienceMs: 5000,
			...more,
		});
		onTestFinished(() => engine.stop());
		return engine;
	};
	const batchOf = (tag: number, connection: string, first: number, count: number): SampleBatch => {
		const builder = new SampleBatchBuilder(count);
		for (let i = 0; i < count; i++) builder.add(tag, BigInt(first + i) * 1_000_000n, first + i, 0);
		return builder.take({ connection, first });
	};
	/** As the history's intake does: in order, and again while it is an outage. */
	const insist = async (engine: SeriesEngine, batch: SampleBatch, refusals: MillwrightError[]): Promise<void> => {
		for (;;)
			try {
				await engine.append(batch);
				return;
			} catch (thrown) {
				refusals.push(thrown as MillwrightError);
				await new Promise((resolve) => setTimeout(resolve, 20));
			}
	};
	const expectAll = async (engine: SeriesEngine, tag: number, connection: string, count: number) => {
		const { times, values } = await engine.raw({ tag, range, limit: 5_000_000 });
		expect(engine.storedRanges(connection)).toEqual([{ first: 0, last: count - 1 }]);
		expect(times.length, "rows equal numbers").toBe(count);
		expect(times.every((time, i) => time === BigInt(i) * 1_000_000n && values[i] === i)).toBe(true);
	};

	test("a killed server is an outage, what was promised survives it, and everything is there once when it is back", {
		timeout: 60_000,
	}, async () => {
		const engine = open(newDatabase());
		await engine.start();
		const refusals: MillwrightError[] = [];
		let next = 0;
		for (let round = 0; round < 2; round++) {
			const until = next + 6000;
			const writing = (async () => {
				for (; next < until; next += 200) await insist(engine, batchOf(1, "c", next, 200), refusals);
			})();
			while (engine.storedCount("c") < until - 5000) await new Promise((resolve) => setTimeout(resolve, 1));
			const before = refusals.length;
			await server.kill();
			const promised = engine.storedThrough("c");
			while (refusals.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
			expect(engine.health().state).toBe("failing");
			await server.restart();
			await writing;
			expect(engine.storedThrough("c")).toBeGreaterThanOrEqual(promised);
			await expectAll(engine, 1, "c", until);
			expect(engine.health().state).toBe("good");
		}
		expect(new Set(refusals.map(({ kind }) => kind))).toEqual(new Set(["outage"]));
		expect((await engine.figures()).rows).toBe(next);
	});

	test("a connection that is ended in the middle of anything loses and doubles nothing", { timeout: 60_000 }, async () => {
		const database = newDatabase();
		const engine = open(database);
		await engine.start();
		const refusals: MillwrightError[] = [];
		const count = 20_000;
		let done = false;
		const writing = (async () => {
			for (let next = 0; next < count; next += 100) await insist(engine, batchOf(1, "c", next, 100), refusals);
			done = true;
		})();
		for (let i = 0; i < 12 && !done; i++) {
			await new Promise((resolve) => setTimeout(resolve, (i * 37) % 60));
			server.sql(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'millwright%'");
		}
		await writing;
		await expectAll(engine, 1, "c", count);
		expect(refusals.length).toBeGreaterThan(0);
	});

	test("a server that stands still is given up on, and what became of its last commit is found out when it moves again", {
		timeout: 60_000,
	}, async () => {
		const engine = open(newDatabase(), { stallMs: 300 });
		await engine.start();
		const refusals: MillwrightError[] = [];
		await insist(engine, batchOf(1, "c", 0, 100), refusals);
		server.freeze();
		try {
			await expect(engine.append(batchOf(1, "c", 100, 100))).rejects.toMatchObject({
				kind: "outage",
				code: "series.not-reachable",
			});
		} finally {
			server.thaw();
		}
		await insist(engine, batchOf(1, "c", 100, 100), refusals);
		await expectAll(engine, 1, "c", 200);
	});

	test("questions under way when the server dies end as an outage, and questions are answered again after", {
		timeout: 60_000,
	}, async () => {
		const engine = open(newDatabase());
		await engine.start();
		const refusals: MillwrightError[] = [];
		for (let next = 0; next < 60_000; next += 20_000) await insist(engine, batchOf(1, "c", next, 20_000), refusals);
		const question = () => engine.downsample({ tags: [1], range, points: 100 });
		const asked = Array.from({ length: 12 }, () =>
			question().then(
				() => "answered",
				({ kind }: MillwrightError) => kind,
			),
		);
		await Promise.race(asked);
		await server.kill();
		const ends = await Promise.all(asked);
		expect(ends).toContain("outage");
		expect(ends.filter((end) => end !== "answered" && end !== "outage")).toEqual([]);
		await server.restart();
		await insist(engine, batchOf(1, "c", 60_000, 10), refusals);
		expect((await question()).get(1)?.samples).toBe(60_010);
	});

	test("a process killed while writing leaves every sample it promised exactly once, again and again", {
		timeout: 60_000,
	}, async () => {
		const database = newDatabase();
		let rowsBefore = 0;
		for (let round = 0; round < 4; round++) {
			const promised = await writeUntilKilled(database, round, 5 + ((round * 7919) % 331));
			const engine = open(database);
			await engine.start();
			let rows = 0;
			for (const [i, connection] of ["a", "b", "c"].entries()) {
				const through = engine.storedThrough(connection);
				expect(through, `round ${round}`).toBeGreaterThanOrEqual(promised.get(connection) ?? -1);
				const { times } = await engine.raw({ tag: i + 1, range, limit: 5_000_000 });
				expect(times.length, `round ${round}, ${connection}: progress equals rows`).toBe(through + 1);
				expect(times.every((time, number) => time === BigInt(number) * 1_000_000n)).toBe(true);
				rows += times.length;
			}
			expect((await engine.figures()).rows).toBe(rows);
			await engine.stop();
			expect(rows).toBeGreaterThanOrEqual(rowsBefore);
			rowsBefore = rows;
		}
		expect(rowsBefore).toBeGreaterThan(2000);
	});

	test("a second writer is refused, and let in when the first is gone", async () => {
		const database = newDatabase();
		const first = open(database);
		await first.start();
		const second = open(database, { patienceMs: 200 });
		await expect(second.start()).rejects.toMatchObject({ code: "series.in-use", kind: "conflict" });
		await first.append(batchOf(1, "c", 0, 10));
		await first.stop();
		await second.start();
		expect(await second.append(batchOf(1, "c", 0, 20))).toEqual({ stored: 10, duplicate: 10 });
		const beside = open(database, { schema: "another_plant" });
		await beside.start();
		expect(beside.connections()).toEqual([]);
	});

	test("an earlier writer that comes back to life writes nothing after another has taken over", async () => {
		const database = newDatabase();
		const first = open(database);
		await first.start();
		await first.append(batchOf(1, "c", 0, 10));
		server.sql(database, "UPDATE millwright_series.state SET epoch = epoch + 1");
		await expect(first.append(batchOf(1, "c", 10, 10))).rejects.toMatchObject({ code: "series.taken-over", kind: "conflict" });
		expect(first.health()).toMatchObject({ state: "failing" });
		await first.stop();
		const second = open(database);
		await second.start();
		await expectAll(second, 1, "c", 10);
	});

	test("what cannot be opened says why and can be started again", async () => {
		const database = newDatabase();
		const nowhere = open(database, { target: { host: "127.0.0.1", port: 1, user: "x", database } });
		await expect(nowhere.start()).rejects.toMatchObject({ code: "series.not-reachable", kind: "outage" });
		await expect(nowhere.append(batchOf(1, "c", 0, 1))).rejects.toMatchObject({ kind: "outage" });
		await expect(open("no_such_database").start()).rejects.toMatchObject({ code: "series.database-missing", kind: "outage" });
		expect(() => open(database, { schema: "x; DROP" })).toThrow(expect.objectContaining({ code: "series.schema-name" }));
	});

	test("words with every character come back, and absurd times and numbers end no question", async () => {
		const engine = open(newDatabase());
		await engine.start();
		const builder = new SampleBatchBuilder();
		const words = ["a\0b", "\u{10FFFD}", "", "\\N", "línea\t\n", "\u{10FFFD}0\0"];
		for (const [i, word] of words.entries()) builder.add(1, BigInt(i), word, 0);
		const times = [-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 4_102_444_800_000_000_000n];
		for (const time of times) builder.add(2, time, 1e308, 0);
		await engine.append(builder.take({ connection: "c", first: 0 }));
		const found = await engine.raw({ tag: 1, range, limit: 100 });
		expect(words.map((_, i) => found.texts?.get(i))).toEqual(words);
		const all = await engine.raw({ tag: 2, range: { from: -(2n ** 63n), until: 2n ** 63n - 1n }, limit: 100 });
		expect([...all.times]).toEqual([-(2n ** 63n), -1n, 0n, 4_102_444_800_000_000_000n]);
		const answer = await engine.aggregate({
			tags: [2],
			range: { from: -1000n, until: 1000n },
			bucket: 10n ** 15n,
			functions: ["sum", "mean", "stddev", "max", "timeWeightedMean", "count"],
		});
		expect(answer.get(2)?.columns.count).toEqual(Float64Array.of(1, 1));
		expect(answer.get(2)?.columns.max).toEqual(Float64Array.of(1e308, 1e308));
	});

	/** Resolves with the last number promised of each connection. */
	function writeUntilKilled(database: string, seed: number, afterMs: number): Promise<Map<string, number>> {
		return new Promise((resolve, reject) => {
			const args = [child, server.host, String(server.port), server.user, database, String(seed)];
			const writer: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
			let said = "";
			let dying = false;
			writer.stdout?.on("data", (bytes: Buffer) => {
				said += bytes.toString();
				if (dying || !said.startsWith("ready\n")) return;
				dying = true;
				setTimeout(() => writer.kill("SIGKILL"), afterMs);
			});
			writer.on("error", reject);
			writer.on("close", (_, signal) => {
				if (signal !== "SIGKILL") return reject(new Error(`the writer ended by itself: ${said.slice(-200)}`));
				const promised = new Map<string, number>();
				// A line cut off by the kill promised nothing.
				for (const line of said.slice(0, said.lastIndexOf("\n")).split("\n").slice(1)) {
					const [connection, last] = line.split(" ") as [string, string];
					promised.set(connection, Number(last));
				}
				resolve(promised);
			});
		});
	}
});
