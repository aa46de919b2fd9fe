import { keepProgress, readProgress } from "../progress.ts";
import { bigint } from "../queries/ask.ts";
import { countByHour } from "./hot-rows.ts";
import type { Moving } from "./mover.ts";
import type { Segment } from "./segments.ts";
import { firstDay, writeDays } from "./write-day.ts";

/**
 * Moves rows from the table into warm files, so that the table stays small. Without `before` all that are there;
 * what is appended meanwhile stays where it is.
 */
export async function roll(moving: Moving, before?: bigint): Promise<Segment[]> {
	const { connection } = moving;
	const table = {
		name: "sample",
		where: before === undefined ? "time >= $least" : "time >= $least AND time < $before",
		bindings: { least: bigint(firstDay), ...(before === undefined ? {} : { before: bigint(before) }) },
	};
	await connection.run("BEGIN");
	const hot = await countByHour(connection, table.where, table.bindings);
	if (hot.size === 0) {
		await connection.run("ROLLBACK");
		return [];
	}
	const progress = await readProgress(connection);
	const come = await writeDays(moving, connection, table, { tier: "warm" });
	try {
		const types = Object.fromEntries(Object.entries(table.bindings).map(([name, { type }]) => [name, type]));
		const values = Object.fromEntries(Object.entries(table.bindings).map(([name, { value }]) => [name, value]));
		await connection.run(`DELETE FROM sample WHERE ${table.where}`, values, types);
		await moving.commit({ come, hot });
	} catch (thrown) {
		moving.segments.discard(come);
		throw thrown;
	}
	keepProgress(moving.segments.path(""), progress);
	return come;
}
