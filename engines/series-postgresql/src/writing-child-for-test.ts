import { writeSync } from "node:fs";
import { SampleBatchBuilder } from "@millwright/core";
import { silentLog } from "@millwright/runtime";
import { createPostgresqlSeries } from "./index.ts";

/** Appends without end until it is killed, and says which numbers were promised to be durable. */
const [host, port, user, database, seed] = process.argv.slice(2) as [string, string, string, string, string];
let state = Number(seed);
/** A small linear congruential generator, so that a seed gives the same sizes again. */
const random = (below: number) => {
	state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
	return state % below;
};

const engine = createPostgresqlSeries({
	target: { host, port: Number(port), user, database },
	log: silentLog,
	flushMs: 3,
	flushRows: 4000,
	queueRows: 40_000,
});
await engine.start();
writeSync(1, "ready\n");

const builder = new SampleBatchBuilder();
async function write(tag: number, connection: string): Promise<void> {
	// Begins a little before what is known, as a ring's replay does.
	let next = Math.max(0, engine.storedThrough(connection) + 1 - random(50));
	for (;;) {
		const count = 1 + random(1500);
		for (let i = 0; i < count; i++)
			builder.add(tag, BigInt(next + i) * 1_000_000n, (next + i) % 97 === 0 ? `word ${next + i}` : next + i, 0);
		const batch = builder.take({ connection, first: next });
		await engine.append(batch);
		writeSync(1, `${connection} ${batch.last}\n`);
		next = batch.last + 1;
	}
}
await Promise.all([write(1, "a"), write(2, "b"), write(3, "c")]);
