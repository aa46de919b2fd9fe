import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { isGood, type SampleBatch } from "@millwright/core";
import { createClock, createLatency, createLog, openConfig } from "@millwright/runtime";
import { samples } from "@millwright/sense/api";
import { drivers } from "../../apps/edge/src/drivers.ts";
import { createEdge } from "../../apps/edge/src/edge.ts";
import { sections } from "../../apps/edge/src/settings.ts";

/**
 * The edge as it is, and one listener that checks every value and acknowledges it, in a process of its own. Registers count
 * their own reads, so that values of a tag that do not go on by one are lost, doubled or out of order. A line "count" on
 * standard input is answered with what has been counted since the last.
 */
const [configFile, data] = process.argv.slice(2) as [string, string];
const clock = createClock();
const log = createLog({ level: "warn" });
const config = await openConfig({ file: resolve(configFile), sections, log, clock });
const edge = await createEdge({ config, data: resolve(data), clock, log, drivers });
const last: (number | undefined)[] = [];
const sum = { values: 0, batches: 0, lost: 0, duplicated: 0 };
let latency = createLatency();

edge.bus.receive(samples, "bench", (batch: SampleBatch) => {
	const { tags, values, quality, length } = batch;
	for (let row = 0; row < length; row++) {
		if (!isGood(quality[row] as number)) continue;
		const tag = tags[row] as number;
		const value = values[row] as number;
		const before = last[tag];
		if (before !== undefined && value !== before + 1) {
			if (value > before) sum.lost += value - before - 1;
			else sum.duplicated++;
		}
		last[tag] = value;
		sum.values++;
	}
	sum.batches++;
	latency.add(Number(clock.now()) / 1e6 - batch.readAtMs);
	edge.sense.receipts.acknowledgeRange(batch.connection, batch.first, batch.last);
});
await edge.start();
process.stdout.write(`${JSON.stringify({ pid: process.pid, mqttPort: edge.mqttPort })}\n`);

const answers = createInterface({ input: process.stdin });
answers.on("line", async () => {
	const { connections } = await edge.sense.service.connections({});
	const late = connections.reduce((worst, { lateShare }) => Math.max(worst, lateShare), 0);
	process.stdout.write(
		`${JSON.stringify({
			...sum,
			late,
			readToDurableP99Ms: latency.quantile(0.99),
			failures: connections.reduce((all, { failures }) => all + failures, 0),
			good: connections.reduce((all, { good }) => all + good, 0),
		})}\n`,
	);
	latency = createLatency();
});
process.on("SIGTERM", () => void edge.stop().then(() => process.exit(0)));
