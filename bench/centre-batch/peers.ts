import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { decodeBatch, openEntries, openEnvelope, SampleBatchBuilder } from "@millwright/core";
import { HistorySettings } from "@millwright/history/api";
import { createClock, createLog } from "@millwright/runtime";
import { createSeries } from "../../apps/server/src/history-engine.ts";
import { isSignedWith, readKey } from "../../loop/2-namespace/src/gateways/keys.ts";
import { rounded } from "../lib/report.ts";
import { prepare, type Shape } from "./gateway.ts";

/** The ceiling: verify and decode, and nothing else, on one core. */
export function bareDecode(shape: Shape, rounds: number): { valuesPerSecond: number; of: string } {
	const { messages } = prepare(shape, rounds, Date.now());
	const key = readKey(shape.key);
	let values = 0;
	const began = performance.now();
	for (const message of messages) {
		const { body, signed, signature } = openEnvelope(message);
		if (!isSignedWith(key, signed, signature)) throw new Error("not signed");
		for (const { bytes } of openEntries(body)) values += decodeBatch(bytes).length;
	}
	return {
		valuesPerSecond: rounded((values * 1000) / (performance.now() - began), 0),
		of: "HMAC and decode in a loop, one core",
	};
}

/** The history's engine alone, fed with batches of 8,192 rows. */
export async function bareAppend({
	folder,
	tags,
	connections,
	rounds,
}: {
	folder: string;
	tags: number;
	connections: number;
	rounds: number;
}): Promise<{ valuesPerSecond: number; of: string }> {
	mkdirSync(join(folder, "temporary"), { recursive: true });
	const clock = createClock();
	const engine = createSeries({ data: folder, settings: HistorySettings.parse({}), clock, log: createLog({ level: "error" }) });
	await engine.start();
	const rows = 8192;
	const total = rounds * connections * tags;
	const began = performance.now();
	const flying = new Set<Promise<unknown>>();
	for (let first = 0; first < total; first += rows) {
		const builder = new SampleBatchBuilder(rows);
		for (let row = 0; row < rows; row++)
			builder.add(
				((first + row) % (tags * connections)) + 1,
				BigInt(Math.round((first + row) / 5000)) * 1_000_000n,
				Math.fround(Math.sin(first + row)),
				0,
			);
		const going = engine.append(builder.take({ connection: `bare-${first % 7}`, first }));
		flying.add(going);
		void going.finally(() => flying.delete(going));
		if (flying.size > 60) await Promise.race(flying);
	}
	await Promise.all(flying);
	const ms = performance.now() - began;
	await engine.stop();
	return {
		valuesPerSecond: rounded((Math.ceil(total / rows) * rows * 1000) / ms, 0),
		of: "the history's DuckDB engine alone, batches of 8,192 rows",
	};
}
