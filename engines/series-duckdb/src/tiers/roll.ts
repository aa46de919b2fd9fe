import { BIGINT } from "@duckdb/node-api";
import { keepProgress, readProgress } from "../progress.ts";
import { bigint } from "../queries/ask.ts";
import { countByHour } from "./hot-rows.ts";
import type { Moving } from "./mover.ts";
import type { Segment } from "./segments.ts";
import { firstDay, writeDays } from "./write-day.ts";

/**
 * Moves all rows of the table into warm files, so that the table stays small; what is appended meanwhile stays where it
 * is. Always all, so that the numbers kept beside the files are those of the rows in them, no more and no fewer.
 */
export async function roll(moving: Moving): Promise<Segment[]> {
	const { connection } = moving;
	const table = { name: "sample", where: "time >= $least", bindings: { least: bigint(firstDay) } };
	await connection.run("BEGIN");
	const hot = await countByHour(connection, table.where, table.bindings);
	if (hot.size === 0) {
		await connection.run("ROLLBACK");
		return [];
	}
	const progress = await readProgress(connection);
	const come = await writeDays(moving, connection, table, { tier: "warm" });
	try {
		await connection.run(`DELETE FROM sample WHERE ${table.where}`, { least: firstDay }, { least: BIGINT });
		await moving.commit({ come, hot });
	} catch (thrown) {
		moving.segments.discard(come);
		throw thrown;
	}
	keepProgress(moving.segments.path(""), progress);
	return come;
}
