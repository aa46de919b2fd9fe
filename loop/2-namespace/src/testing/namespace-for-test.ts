import { type DataClass, type Quality, type Sample, SampleBatchBuilder, type Value } from "@millwright/core";
import { createBus, memoryTagDirectory, silentLog } from "@millwright/runtime";
import { samples, type TagFacts } from "@millwright/sense/api";
import { createFakeClock } from "@millwright/testkit";
import { contractBroken, type DeadLetter, NamespaceSettings } from "../api.ts";
import type { Remembered } from "../doubts.ts";
import type { ClientMessage } from "../external-publish.ts";
import type { IngestExternal, SampleColumns } from "../external-rows.ts";
import { createNamespace } from "../namespace.ts";
import { memoryBroker } from "./memory-broker.ts";

export interface TestSample {
	tag: string;
	value: Value;
	quality?: Quality;
	/** ms since 1970; now when left out. */
	atMs?: number;
}

const samplesOf = ({ length, tags, times, values, quality, texts }: SampleColumns): Sample[] =>
	Array.from({ length }, (_, row) => ({
		tag: tags[row] as number,
		time: times[row] as bigint,
		value: texts.get(row) ?? (values[row] as number),
		quality: quality[row] as Quality,
	}));

/** A namespace on a broker without a network, with facts and data classes by name. */
export async function namespaceForTest(
	about: {
		facts?: Record<string, Partial<TagFacts>>;
		classes?: Record<string, DataClass>;
		settings?: object;
		ingest?: IngestExternal;
		remembered?: Remembered;
	} = {},
) {
	const clock = createFakeClock({ startMs: Date.UTC(2026, 3, 17, 14, 32) });
	const bus = createBus({ log: silentLog });
	const directory = memoryTagDirectory();
	const broker = memoryBroker();
	const ingested: (Sample & { historical: boolean })[] = [];
	const broken: DeadLetter[] = [];
	let settings = NamespaceSettings.parse(about.settings ?? {});
	const facts: Record<string, Partial<TagFacts>> = { ...about.facts };
	const sequences = new Map<string, number>();
	bus.on(contractBroken, "test", (letter) => broken.push(letter));

	const namespace = createNamespace({
		broker,
		directory,
		bus,
		clock,
		log: silentLog,
		settings: () => settings,
		sense: {
			facts(id) {
				const tag = directory.nameOf(id);
				const known = facts[tag];
				return known === undefined
					? undefined
					: {
							tag,
							id,
							connection: "cnc",
							unit: "1",
							kind: "number",
							dataClass: "internal",
							device: "CNC-1",
							protocol: "modbus",
							unitId: undefined,
							range: undefined,
							context: undefined,
							staleAfterMs: 5000,
							...known,
						};
			},
			...(about.remembered === undefined ? {} : { remembered: about.remembered }),
			ingest:
				about.ingest ??
				((_connection, rows, { historical }) => ingested.push(...samplesOf(rows).map((row) => ({ ...row, historical })))),
		},
		classOf: (tag) => about.classes?.[tag] ?? "internal",
	});
	await namespace.part.start();

	return {
		...namespace,
		clock,
		bus,
		directory,
		broker,
		ingested,
		broken,
		facts,
		use(next: object) {
			settings = NamespaceSettings.parse(next);
		},
		/** Sends a batch as a connection does. */
		send(rows: readonly TestSample[], batch: { connection?: string; historical?: boolean; last?: number } = {}) {
			const connection = batch.connection ?? "cnc";
			const ids = directory.assign(rows.map((row) => row.tag));
			const builder = new SampleBatchBuilder();
			for (const [i, row] of rows.entries())
				builder.add(ids[i] as number, BigInt(row.atMs ?? clock.nowMs()) * 1_000_000n, row.value, row.quality ?? 0);
			const first = sequences.get(connection) ?? 0;
			sequences.set(connection, first + rows.length);
			bus.send(samples, builder.take({ connection, first, ...batch }));
		},
		/** What the broker would show the namespace when a client publishes. */
		fromClient(topic: string, document: unknown, more: Partial<ClientMessage> = {}) {
			const payload = Buffer.isBuffer(document) ? document : Buffer.from(JSON.stringify(document));
			return namespace.onExternalPublish({
				topic,
				payload,
				qos: 1,
				retain: false,
				client: { id: "gateway-7", principal: "key_7" },
				...more,
			});
		},
	};
}
