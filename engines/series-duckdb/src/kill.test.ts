import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLog } from "@millwright/runtime";
import { expect, test } from "vitest";
import { createDuckDbSeries } from "./index.ts";

const child = fileURLToPath(new URL("./writing-child-for-test.ts", import.meta.url));
const connections = ["a", "b", "c"];
const range = { from: 0n, until: 10n ** 18n };

test("keeps every sample it promised exactly once when it is killed while writing, again and again", {
	timeout: 120_000,
}, async () => {
	const folder = await mkdtemp(join(tmpdir(), "series-kill-"));
	const file = join(folder, "history.duckdb");
	try {
		let rowsBefore = 0;
		for (let round = 0; round < 10; round++) {
			// Spread over what a round takes: the first flushes, the merging of progress, full speed.
			const promised = await writeUntilKilled(file, folder, round, 5 + ((round * 7919) % 331));
			const engine = createDuckDbSeries({
				file,
				log: silentLog,
				flushMs: 1,
				flushRows: 1000,
				queueRows: 10_000,
				memoryMb: 128,
				threads: 1,
				temporaryFolder: folder,
			});
			await engine.start();
			let rows = 0;
			for (const [i, connection] of connections.entries()) {
				const through = engine.storedThrough(connection);
				expect(through, `round ${round}`).toBeGreaterThanOrEqual(promised.get(connection) ?? -1);
				const { times } = await engine.raw({ tag: i + 1, range, limit: 5_000_000 });
				expect(times.length, `round ${round}, ${connection}: progress equals rows`).toBe(through + 1);
				expect(times.every((time, number) => time === BigInt(number) * 1_000_000n)).toBe(true);
				rows += times.length;
			}
			expect((await engine.figures()).rows).toBe(rows);
			expect(engine.quarantined).toBeUndefined();
			await engine.stop();
			expect(rows).toBeGreaterThanOrEqual(rowsBefore);
			rowsBefore = rows;
		}
		expect(rowsBefore).toBeGreaterThan(10_000);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
});

/** Resolves with the last number promised of each connection. */
function writeUntilKilled(file: string, folder: string, seed: number, afterMs: number): Promise<Map<string, number>> {
	return new Promise((resolve, reject) => {
		const writer: ChildProcess = spawn(process.execPath, [child, file, folder, String(seed)], {
			stdio: ["ignore", "pipe", "inherit"],
		});
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
