import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "@millwright/core";
import { createBus, createClock, openConfig, openTagDirectory, silentLog } from "@millwright/runtime";
import { createSense, senseSection } from "@millwright/sense";

const rowsAtOnce = 5000;

/**
 * What an edge would hold had it read its machines while the line was down: in its own ring, up to now. Values end at 0, where
 * the plant's counters begin, so that both together must be one count without a hole.
 */
export async function fillRing({
	data,
	connections,
	hours,
	everyMs,
}: {
	data: string;
	/** Tags by connection. */
	connections: Readonly<Record<string, readonly string[]>>;
	hours: number;
	everyMs: number;
}): Promise<number> {
	const clock = createClock();
	const file = join(data, "filling.yaml");
	writeFileSync(file, JSON.stringify({ sense: { ring: { keep: "200h" } } }));
	const config = await openConfig({ file, sections: [senseSection], log: silentLog, clock });
	const directory = openTagDirectory({ file: join(data, "tags.sqlite") });
	const sense = createSense({
		config,
		directory,
		bus: createBus({ log: silentLog }),
		clock,
		log: silentLog,
		drivers: {},
		dataFolder: data,
		backlog: "pull",
	});
	await sense.part.start();
	const steps = Math.floor((hours * 3_600_000) / everyMs);
	const end = clock.nowMs() - 1000;
	let rows = 0;
	for (const [connection, tags] of Object.entries(connections)) {
		const ids = directory.assign(tags);
		let batch: Sample[] = [];
		for (let step = 1; step <= steps; step++) {
			const time = BigInt(end - (steps - step) * everyMs) * 1_000_000n;
			for (const tag of ids) batch.push({ tag, time, value: step - steps, quality: 0 });
			if (batch.length < rowsAtOnce && step < steps) continue;
			rows += batch.length;
			await sense.ingest(connection, batch, { receivedMs: clock.nowMs() });
			batch = [];
		}
	}
	await sense.part.stop();
	directory.close();
	return rows;
}
