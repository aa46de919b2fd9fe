import { join } from "node:path";
import { Quality, SampleBatchBuilder } from "@millwright/core";
import { silentLog } from "@millwright/runtime";
import { createTableReader } from "@millwright/series-duckdb";
import { createPostgresqlSeries } from "@millwright/series-postgresql";
import { postgresqlMissing, startPostgresqlServer } from "@millwright/testkit/postgresql-server";
import { expect, onTestFinished, test } from "vitest";
import { throwAwayFolder } from "../kit/platform.ts";

test.skipIf(postgresqlMissing)(
	"another program reads the Parquet that the PostgreSQL history writes, every cell of it",
	{ timeout: 60_000 },
	async () => {
		const { folder, remove } = throwAwayFolder("parquet");
		onTestFinished(remove);
		const server = await startPostgresqlServer();
		onTestFinished(() => server.stop());
		const engine = createPostgresqlSeries({
			target: { host: server.host, port: server.port, user: server.user, database: server.createDatabase("parquet") },
			log: silentLog,
			flushMs: 1,
			flushRows: 10_000,
			queueRows: 1_000_000,
		});
		await engine.start();
		onTestFinished(() => engine.stop());
		const start = 1_767_592_800_123_456_789n;
		const count = 60_011;
		const given = (i: number) => (i % 11 === 3 ? null : i % 101 === 7 ? `word ${i} ✓` : i * 0.1);
		const builder = new SampleBatchBuilder(count);
		for (let i = 0; i < count; i++)
			builder.add(1, start + BigInt(i) * 1_000_000_001n, given(i), i % 5 === 2 ? Quality.badStale : Quality.good);
		await engine.append(builder.take({ connection: "c", first: 0 }));
		const file = join(folder, "out.parquet");
		const range = { from: 0n, until: 2n ** 62n };
		const asked = { tags: [{ id: 1, topic: "udt/plant/a" }], range, file, format: "parquet" as const };
		// More rows than fit one group, so that groups are joined.
		expect(await engine.export(asked)).toEqual({ rows: count });

		const reader = createTableReader({ temporaryFolder: folder });
		const look = await reader.look({ file, format: "parquet" });
		expect(look.columns.map(({ name }) => name)).toEqual(["tag", "time", "value", "text", "quality"]);
		expect(look.count).toBe(count);
		expect([2, 3, 7].map((i) => look.rows[i]?.slice(2))).toEqual([
			["0.2", null, "bad:stale"],
			[null, null, "good"],
			[null, "word 7 ✓", "bad:stale"],
		]);
		const query = {
			file,
			format: "parquet",
			shape: "long",
			time: { column: "time", form: "timestamp", zone: "UTC" },
			tag: "tag",
			value: "value",
			quality: "quality",
			decimal: ".",
		} as const;
		const read = { times: [] as bigint[], values: [] as number[], quality: [] as unknown[] };
		for await (const piece of reader.read(query)) {
			expect(piece.refused).toBe(0);
			read.times.push(...piece.times);
			read.values.push(...piece.values);
			read.quality.push(...(piece.quality ?? []));
		}
		const rows = Array.from({ length: count }, (_, i) => i);
		expect(read.times).toEqual(rows.map((i) => start + BigInt(i) * 1_000_000_001n));
		expect(read.values).toEqual(rows.map(given).map((value) => (typeof value === "number" ? value : Number.NaN)));
		expect(read.quality).toEqual(rows.map((i) => (i % 5 === 2 ? "bad:stale" : "good")));
	},
);
