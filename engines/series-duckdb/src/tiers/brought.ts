import type { DuckDBAppender, DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { MillwrightError } from "@millwright/core";
import { createRowAppender } from "../append-rows.ts";
import type { PackedRows } from "../protocol.ts";
import { bigint } from "../queries/ask.ts";
import type { Mover } from "./mover.ts";
import { exchange } from "./rewrite.ts";
import type { Segments } from "./segments.ts";
import { firstDay, writeDays } from "./write-day.ts";

interface Piece {
	connection: DuckDBConnection;
	appender: DuckDBAppender;
	append(pack: PackedRows): void;
}

/** Rows from elsewhere: gathered in a table that no restart keeps, then written as files of their own in one transaction. */
export function createBrought({ instance, segments, mover }: { instance: DuckDBInstance; segments: Segments; mover: Mover }) {
	const pieces = new Map<string, Piece>();

	const drop = (id: string) => {
		const piece = pieces.get(id);
		pieces.delete(id);
		if (!piece) return;
		try {
			piece.appender.closeSync();
		} catch {
			// It failed before; the table goes with its connection.
		}
		piece.connection.closeSync();
	};

	return {
		async open(id: string): Promise<void> {
			if (pieces.has(id) || [...segments.all, ...segments.damaged].some(({ piece }) => piece === id))
				throw new MillwrightError("series.piece-exists", `Something was brought in as "${id}" before`, {
					kind: "conflict",
					hint: "Give it another name, or take out what has this one.",
				});
			const connection = await instance.connect();
			await connection.run(
				"CREATE OR REPLACE TEMP TABLE incoming (tag UINTEGER NOT NULL, time BIGINT NOT NULL, value DOUBLE, quality UTINYINT NOT NULL, text VARCHAR)",
			);
			const appender = await connection.createAppender("incoming", "main", "temp");
			pieces.set(id, { connection, appender, append: createRowAppender(appender) });
		},
		add(id: string, pack: PackedRows): void {
			const piece = pieces.get(id);
			if (!piece) throw new MillwrightError("series.piece-lost", `The import "${id}" is not under way`, { kind: "outage" });
			piece.append(pack);
			piece.appender.flushSync();
		},
		async finish(id: string, check: () => void): Promise<{ rows: number }> {
			const piece = pieces.get(id);
			if (!piece) throw new MillwrightError("series.piece-lost", `The import "${id}" is not under way`, { kind: "outage" });
			try {
				const { connection } = piece;
				const early = await connection.runAndReadAll("SELECT count(*) FROM incoming WHERE time < $least", { least: firstDay });
				if (Number(early.value(0, 0)) > 0)
					throw new MillwrightError("series.time-invalid", "Some rows claim to be from before 1678", { kind: "input" });
				return await mover.run(check, async (moving) => {
					const table = { name: "incoming", where: "time >= $least", bindings: { least: bigint(firstDay) } };
					const come = await writeDays(moving, connection, table, { tier: "brought", piece: id });
					try {
						await moving.connection.run("BEGIN");
						await moving.commit({ come });
					} catch (thrown) {
						segments.discard(come);
						throw thrown;
					}
					return { rows: come.reduce((sum, { rows }) => sum + rows, 0) };
				});
			} finally {
				drop(id);
			}
		},
		drop,
		takeOut(id: string, check: () => void): Promise<{ rows: number }> {
			return mover.run(check, async (moving) => {
				const gone = segments.all.filter(({ piece }) => piece === id);
				const unreadable = segments.damaged.filter(({ piece }) => piece === id);
				if (gone.length + unreadable.length > 0) await exchange(moving, [...gone, ...unreadable], undefined);
				return { rows: gone.reduce((sum, { rows }) => sum + rows, 0) };
			});
		},
		close(): void {
			for (const id of [...pieces.keys()]) drop(id);
		},
	};
}
export type Brought = ReturnType<typeof createBrought>;
