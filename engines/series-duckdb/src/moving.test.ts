import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLog } from "@millwright/runtime";
import { expect, test } from "vitest";
import { createDuckDbSeries } from "./index.ts";
import { broughtTag, pieceRows, timeOf } from "./moving-for-test.ts";

const child = fileURLToPath(new URL("./moving-child-for-test.ts", import.meta.url));
const connections = ["a", "b", "c"];
const range = { from: 0n, until: 10n ** 18n };
/** `MOVING_KILLS=1000` for the long run. */
const rounds = Number(process.env.MOVING_KILLS ?? 12);

test("keeps every row in exactly one tier when it is killed while rows are moved, merged, brought in and taken out", {
	timeout: 60_000 + rounds * 5000,
}, async () => {
	const folder = await mkdtemp(join(tmpdir(), "series-moving-"));
	const file = join(folder, "history.duckdb");
	/** Pieces of all rounds: whole for sure, gone for sure, or one of both. */
	const pieces = new Map<number, "whole" | "gone" | "either">();
	let coldRows = 0;
	try {
		for (let round = 0; round < rounds; round++) {
			const said = await moveUntilKilled(file, folder, round, 10 + ((round * 7919) % 900));
			const promised = new Map<string, number>();
			for (const [what, name, number] of said) {
				if (what === "stored") promised.set(name, Number(number));
				else pieces.set(Number(number), what === "brought" ? "whole" : what === "taken" ? "gone" : "either");
			}
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
			expect(engine.quarantined).toBeUndefined();
			let rows = 0;
			for (const [i, connection] of connections.entries()) {
				const through = engine.storedThrough(connection);
				expect(through, `round ${round}`).toBeGreaterThanOrEqual(promised.get(connection) ?? -1);
				const found = await engine.raw({ tag: i + 1, range, limit: 5_000_000 });
				expect(found.times.length, `round ${round}, ${connection}: rows equal numbers`).toBe(through + 1);
				const times = Array.from({ length: through + 1 }, (_, number) => timeOf(number)).sort((a, b) => (a < b ? -1 : 1));
				expect(found.times.every((time, row) => time === times[row])).toBe(true);
				rows += found.times.length;
			}
			const brought = await engine.raw({ tag: broughtTag, range, limit: 5_000_000 });
			const counts = new Map<number, number>();
			for (const value of brought.values) counts.set(value, (counts.get(value) ?? 0) + 1);
			for (const [piece, count] of counts) {
				expect(count, `piece ${piece} is whole`).toBe(pieceRows);
				expect(pieces.get(piece)).not.toBe("gone");
				// One that was on its way when the kill came is whole or not there; from now on it stays so.
				pieces.set(piece, "whole");
			}
			for (const [piece, state] of pieces) if (state === "whole") expect(counts.has(piece), `piece ${piece}`).toBe(true);
			const figures = await engine.figures();
			expect(figures.rows).toBe(rows + brought.times.length);
			expect(figures.missing).toBeUndefined();
			coldRows = figures.tiers.cold?.rows ?? 0;
			await engine.stop();
		}
		expect(coldRows).toBeGreaterThan(10_000);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
});

/** Resolves with the lines the child said before it was killed. */
function moveUntilKilled(file: string, folder: string, seed: number, afterMs: number): Promise<[string, string, string][]> {
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
			// A line cut off by the kill promised nothing.
			const lines = said.slice(0, said.lastIndexOf("\n")).split("\n").slice(1);
			resolve(lines.map((line) => line.split(" ") as [string, string, string]));
		});
	});
}
