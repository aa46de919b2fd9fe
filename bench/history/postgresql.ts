import { createRequire } from "node:module";
import { startPostgresqlServer } from "../../base/testkit/src/postgresql-server.ts";
import { createDial, hangUp } from "../../engines/series-postgresql/src/dial.ts";
import type { System } from "./system.ts";

const day = 86_400_000_000_000n;

type CopyStream = NodeJS.WritableStream;
// The stream for COPY is a dependency of the engine, and is found from there.
const { from: copyFrom } = createRequire(new URL("../../engines/series-postgresql/src/index.ts", import.meta.url))(
	"pg-copy-streams",
) as {
	from(sql: string): CopyStream;
};

/** A plain table with the index everybody gives it, COPY in binary, prepared statements; a quarter of 4 GB as buffers. */
export async function startPostgresql(): Promise<System> {
	const server = await startPostgresqlServer({ settings: { shared_buffers: "1GB", max_wal_size: "2GB", work_mem: "64MB" } });
	server.createDatabase("plant");
	server.sql(
		"plant",
		"CREATE TABLE sample (tag int NOT NULL, time bigint NOT NULL, value double precision, quality smallint NOT NULL)",
	);
	server.sql("plant", "CREATE INDEX sample_tag_time ON sample (tag, time)");
	const dial = createDial({
		target: { host: server.host, port: server.port, user: server.user, database: "plant" } as Parameters<
			typeof createDial
		>[0]["target"],
		schema: "public",
	});
	const client = await dial.open({ name: "bench", statementMs: 0 });
	const ask = async (name: string, text: string, values: unknown[]) => (await client.query({ name, text, values })).rows.length;

	return {
		name: "PostgreSQL",
		version: server.sql("plant", "SHOW server_version"),
		prepare(batches) {
			const pieces = batches.map(({ tags, times, values, quality, length }) => {
				const bytes = Buffer.allocUnsafe(length * 40);
				for (let i = 0, at = 0; i < length; i++) {
					at = bytes.writeInt16BE(4, at);
					at = bytes.writeInt32BE(4, at);
					at = bytes.writeInt32BE(tags[i] as number, at);
					at = bytes.writeInt32BE(8, at);
					at = bytes.writeBigInt64BE(times[i] as bigint, at);
					at = bytes.writeInt32BE(8, at);
					at = bytes.writeDoubleBE(values[i] as number, at);
					at = bytes.writeInt32BE(2, at);
					at = bytes.writeInt16BE(quality[i] as number, at);
				}
				return bytes;
			});
			const head = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
			return {
				async send() {
					const stream = client.query(copyFrom("COPY sample FROM STDIN (FORMAT binary)") as never) as unknown as CopyStream;
					const done = new Promise((resolve, reject) => stream.once("finish", resolve).once("error", reject));
					stream.write(head);
					for (const piece of pieces) if (!stream.write(piece)) await new Promise((resolve) => stream.once("drain", resolve));
					stream.end(Buffer.from([0xff, 0xff]));
					await done;
				},
			};
		},
		async settle() {
			server.sql("plant", "VACUUM ANALYZE sample");
			server.sql("plant", "CHECKPOINT");
			return { bytes: Number(server.sql("plant", "SELECT pg_total_relation_size('sample')")) };
		},
		dayAtMinute: (tag, from) =>
			ask(
				"day",
				"SELECT (time - $2) / 60000000000 AS b, avg(value), min(value), max(value), count(value) FROM sample WHERE tag = $1 AND time >= $2 AND time < $3 GROUP BY b ORDER BY b",
				[tag, String(from), String(from + day)],
			),
		monthAtHour: (tags, from) =>
			ask(
				"month",
				"SELECT tag, (time - $2) / 3600000000000 AS b, avg(value), min(value), max(value) FROM sample WHERE tag = ANY($1) AND time >= $2 AND time < $3 GROUP BY tag, b ORDER BY tag, b",
				[tags, String(from), String(from + 30n * day)],
			),
		rawHour: (tag, from) =>
			ask("raw", "SELECT time, value, quality FROM sample WHERE tag = $1 AND time >= $2 AND time < $3 ORDER BY time", [
				tag,
				String(from),
				String(from + day / 24n),
			]),
		lastOfAll: () =>
			ask(
				"last",
				"SELECT t.tag, l.* FROM generate_series(1, 500) t(tag), LATERAL (SELECT time, value, quality FROM sample WHERE sample.tag = t.tag ORDER BY time DESC LIMIT 1) l",
				[],
			),
		async stop() {
			await hangUp(client);
			await server.stop();
		},
	};
}
