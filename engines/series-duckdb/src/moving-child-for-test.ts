import { writeSync } from "node:fs";
import { SampleBatchBuilder } from "@millwright/core";
import { silentLog } from "@millwright/runtime";
import { createDuckDbSeries } from "./index.ts";
import { broughtTag, broughtTime, numbersOfPiece, pieceRows, timeOf } from "./moving-for-test.ts";

/** Appends while everything that moves rows happens beside it, until it is killed; says what was promised. */
const [file, temporaryFolder, seed] = process.argv.slice(2) as [string, string, string];
let state = Number(seed);
/** A small linear congruential generator, so that a seed gives the same order again. */
const random = (below: number) => {
	state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
	return state % below;
};

const engine = createDuckDbSeries({
	file,
	log: silentLog,
	flushMs: 3,
	flushRows: 4000,
	queueRows: 40_000,
	memoryMb: 128,
	threads: 1,
	temporaryFolder,
	progressRows: 20,
	rollRows: 2000,
});
await engine.start();
writeSync(1, "ready\n");

const builder = new SampleBatchBuilder();
async function write(tag: number, connection: string): Promise<void> {
	let next = Math.max(0, engine.storedThrough(connection) + 1 - random(50));
	for (;;) {
		const count = 1 + random(600);
		for (let i = next; i < next + count; i++) builder.add(tag, timeOf(i), i % 97 === 0 ? `word ${i}` : i, 0);
		const batch = builder.take({ connection, first: next });
		await engine.append(batch);
		writeSync(1, `stored ${connection} ${batch.last}\n`);
		next = batch.last + 1;
	}
}

async function move(): Promise<void> {
	for (let piece = Number(seed) * 1000; ; piece++) {
		const newest = (await engine.figures()).newest ?? 0n;
		await engine.tidy({ until: newest - BigInt(random(3)) * 86_400_000_000_000n });
		const id = `piece-${piece}`;
		async function* rows() {
			for (let part = 0; part < 3; part++)
				yield {
					tags: new Uint32Array(pieceRows / 3).fill(broughtTag),
					times: BigInt64Array.from({ length: pieceRows / 3 }, (_, i) => broughtTime(piece, part * (pieceRows / 3) + i)),
					values: new Float64Array(pieceRows / 3).fill(numbersOfPiece(piece)),
					quality: new Uint8Array(pieceRows / 3),
				};
		}
		await engine.bringIn({ id, rows: rows() });
		writeSync(1, `brought ${id} ${numbersOfPiece(piece)}\n`);
		if (piece % 2 === 0) {
			writeSync(1, `taking ${id} ${numbersOfPiece(piece)}\n`);
			await engine.takeOut({ id });
			writeSync(1, `taken ${id} ${numbersOfPiece(piece)}\n`);
		}
	}
}
await Promise.all([write(1, "a"), write(2, "b"), write(3, "c"), move()]);
