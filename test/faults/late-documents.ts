import assert from "node:assert/strict";
import { until } from "../kit/platform.ts";
import type { Factory } from "./factory.ts";
import { connectMqtt, mqttKey } from "./mqtt-client.ts";
import { type Outcome, settle } from "./outcome.ts";
import { seeded, shuffled } from "./seeded.ts";

/** Documents of another system that come out of order, and each of them twice. */
export async function lateDocuments(factory: Factory, { count, seed }: { count: number; seed: number }): Promise<Outcome> {
	await factory.good();
	const { session } = factory;
	const key = await mqttKey(factory, `late-${Date.now()}`);
	const tag = "faults/late/level";
	const publisher = await connectMqtt(factory, { key });
	const begin = Date.now() - count * 1000;
	const numbers = Array.from({ length: count }, (_, i) => i);
	for (const seq of shuffled(seeded(seed), [...numbers, ...numbers]))
		await publisher.client.publishAsync(`udt/${tag}`, JSON.stringify(documentOf(seq, begin)), { qos: 1 });
	// One more, of a tag of its own: when it is stored, what came before it has been dealt with.
	await publisher.client.publishAsync("udt/faults/late/end", JSON.stringify(documentOf(0, begin)), { qos: 1 });
	const read = (name: string) =>
		session.history.raw({ tag: name, from: begin - 1, until: Date.now() + 60_000, limit: 10 * count });
	await until(
		() => read("faults/late/end"),
		({ values }) => values.length === 1,
		{ what: "the last document stored" },
	);
	await publisher.close();
	const { times, values } = await read(tag);
	const outcome = await settle(factory, { documents: 2 * count, stored: values.length });
	assert.deepEqual(
		[...times],
		times.toSorted((a, b) => a - b),
		"in order of source time",
	);
	const kept = new Set(values);
	return {
		...outcome,
		lost: outcome.lost + numbers.filter((seq) => !kept.has(seq)).length,
		duplicated: outcome.duplicated + values.length - kept.size,
		reordered: outcome.reordered + values.filter((value, row) => row > 0 && Number(value) < Number(values[row - 1])).length,
	};
}

/** The document of the sources; the value is the number, so that order and copies show. */
const documentOf = (seq: number, begin: number) => ({
	timestamp: new Date(begin + seq * 1000).toISOString(),
	seq,
	source: { device_id: "other-system" },
	measurement: { name: "level", value: seq, unit: "mm", quality: "Good" },
});
