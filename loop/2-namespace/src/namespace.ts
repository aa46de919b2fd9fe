import type { Broker, Bus, Clock, DataClass, Log, SampleBatch, TagDirectory } from "@millwright/core";
import type { Part } from "@millwright/runtime";
import { samples, settingsChanged, type TagFacts } from "@millwright/sense/api";
import type { BridgeInfo, NamespaceSettings } from "./api.ts";
import { TagColumns } from "./columns.ts";
import { createDeadLetters, type DeadLetters } from "./dead-letters.ts";
import type { Remembered } from "./doubts.ts";
import { type ClientMessage, type ClientVerdict, createExternalGate } from "./external-publish.ts";
import type { IngestExternal } from "./external-rows.ts";
import { writePayload } from "./payload-writer.ts";
import { createNamespaceService, type NamespaceService } from "./service.ts";
import { externalConnection, type TagTopic, TagTopics } from "./tag-topics.ts";

export interface NamespaceOptions {
	broker: Broker;
	directory: TagDirectory;
	bus: Bus;
	clock: Clock;
	log: Log;
	settings: () => NamespaceSettings;
	sense: {
		/** What is known of a tag: of a connection, or derived from one. */
		facts(id: number): TagFacts | undefined;
		/** Makes samples of what MQTT clients publish; they come back through the channel once they are durable. */
		ingest: IngestExternal;
		/** What was stored before this start, so that a document that comes again after a crash is stored once; `recall` looks at it. */
		remembered?: Remembered;
	};
	/** By full name; asked when a tag gets its topic and on `refresh`. */
	classOf(tag: string): DataClass;
	/** Of the bridges to other brokers, where there are any. */
	bridges?: () => BridgeInfo[];
}

export interface NamespaceParts {
	service: NamespaceService;
	part: Part;
	/** Publishes a batch that is durable; `start` listens to the samples channel, other channels are handed in here. */
	accept(batch: SampleBatch): void;
	/** For the broker's `onExternalPublish`. */
	onExternalPublish(message: ClientMessage): ClientVerdict;
	/** To be called once the ring is open, where there is something remembered: documents wait until then. */
	recall(): Promise<void>;
	/** Facts, context or data classes of tags have changed. */
	refresh(): void;
	/** A message that another part refused, for the list and the topics of dead letters. */
	deadLetter: DeadLetters["add"];
}

/** Than the newest document of a client on the topic? */
const isLater = (high: number, low: number, { externalHigh, externalLow }: TagTopic): boolean =>
	high > externalHigh || (high === externalHigh && low > externalLow);

/** Samples to named, typed, retained topics; messages of strangers to samples. */
export function createNamespace(options: NamespaceOptions): NamespaceParts {
	const { broker, directory, bus, clock, settings } = options;
	const log = options.log.part("namespace");
	const facts = (id: number): TagFacts | undefined => options.sense.facts(id);
	const topics = new TagTopics({ directory, log, facts, classOf: options.classOf }, settings().root);
	const { columns } = topics;
	const letters = createDeadLetters({ broker, bus, clock, keep: () => settings().deadLetters.keep, root: () => topics.root });
	const { ingest, remembered } = options.sense;
	const gate = createExternalGate({ topics, letters, directory, clock, log, facts, ingest, remembered });
	const stops: (() => void)[] = [];
	let published = 0;

	/** An older sample passes by: everybody who listens gets it, the topic keeps what it holds. */
	function passBy(topic: TagTopic, batch: SampleBatch, row: number, sequence: number): void {
		const value = batch.texts.get(row) ?? (batch.values[row] as number);
		broker.publish({
			topic: topic.outgoing.topic,
			payload: () =>
				Buffer.from(
					writePayload(
						topic.frame,
						{
							time: batch.times[row] as bigint,
							sequence,
							historical: batch.historical,
							value,
							quality: batch.quality[row] as number,
						},
						topics.contextOf(topic),
					),
				),
		});
	}

	/** Values that others carry as context go first, so that a batch's own setpoint stands in its own payloads. */
	function takeContext(batch: SampleBatch, halves: Uint32Array): void {
		for (let row = 0; row < batch.length; row++) {
			const id = batch.tags[row] as number;
			if (!topics.isContext(id) || !columns.has(id) || columns.isOlder(id, halves, row)) continue;
			const topic = topics.find(id) as TagTopic;
			const wasAbnormal = topics.isAbnormal(id);
			columns.set(id, batch, halves, row, columns.sequence[id] as number);
			topics.turned(topic, wasAbnormal);
		}
	}

	/** What the topic holds is made when somebody asks; where nobody listens there is nothing to do then. */
	function publish(topic: TagTopic, hearing: number): void {
		broker.publish(topic.outgoing);
		topic.silentAt =
			hearing >= 0 && topic.connection !== externalConnection && !broker.isHeard(topic.outgoing.topic) ? hearing : -1;
	}

	function accept(batch: SampleBatch): void {
		if (settings().root !== topics.root) moveRoot(settings().root);
		const nowMs = clock.nowMs();
		const halves = TagColumns.halves(batch);
		// A connection's rows are numbered one by one; a derived batch has the number of its last.
		const numbered = batch.last - batch.first + 1 === batch.length;
		const external = batch.connection === externalConnection;
		const hearing = broker.hearing?.() ?? -1;
		if (topics.hasContext) takeContext(batch, halves);
		for (let row = 0; row < batch.length; row++) {
			const id = batch.tags[row] as number;
			const topic = topics.find(id) ?? topics.add(id, batch.connection);
			if (topic === undefined) continue;
			topic.connection = batch.connection;
			const sequence = numbered ? batch.first + row : batch.last;
			columns.count(id, nowMs);
			// The client's own message was delivered as it came.
			const delivered = external && !isLater(halves[row * 2 + 1] as number, halves[row * 2] as number, topic);
			if (columns.has(id) && columns.isOlder(id, halves, row)) {
				if (!delivered && (topic.silentAt !== hearing || hearing < 0)) passBy(topic, batch, row, sequence);
			} else {
				const wasAbnormal = columns.has(id) && topics.isAbnormal(id);
				columns.set(id, batch, halves, row, sequence);
				topics.turned(topic, wasAbnormal);
				if (!delivered && (topic.silentAt !== hearing || hearing < 0)) publish(topic, hearing);
			}
			if (!delivered) published++;
		}
	}

	/** The root was renamed: the old topics are cleared, the new ones hold the same values. */
	function moveRoot(root: string): void {
		log.info("The namespace's root has changed", { from: topics.root, to: root });
		for (const topic of topics.all()) broker.publish({ topic: topic.outgoing.topic, payload: new Uint8Array(), retain: true });
		topics.root = root;
		for (const topic of topics.all()) {
			topics.compile(topic);
			if (columns.has(topic.id)) broker.publish(topic.outgoing);
		}
	}

	function drop(topic: TagTopic): void {
		broker.publish({ topic: topic.outgoing.topic, payload: new Uint8Array(), retain: true });
		topics.remove(topic);
		gate.forget();
	}

	function refresh(): void {
		gate.forget();
		for (const topic of topics.all()) topics.compile(topic);
	}

	/** Tags that left the configuration leave the namespace. */
	function reconfigured(changed: ReadonlySet<string>): void {
		for (const topic of topics.all()) if (changed.has(topic.connection) && facts(topic.id) === undefined) drop(topic);
		refresh();
	}

	return {
		service: createNamespaceService({
			topics,
			letters,
			broker,
			directory,
			clock,
			classOf: options.classOf,
			bridges: options.bridges,
		}),
		part: {
			name: "namespace",
			async start() {
				stops.push(
					bus.receive(samples, "namespace", accept),
					bus.on(settingsChanged, "namespace", ({ changed, removed }) => reconfigured(new Set([...changed, ...removed]))),
				);
			},
			async stop() {
				for (const stop of stops.splice(0)) stop();
				gate.flush();
			},
			figures: () => [
				{ name: "namespace_topics", help: "Tags with a topic", type: "gauge", value: topics.size },
				{ name: "namespace_published_total", help: "Samples published", type: "counter", value: published },
				{
					name: "namespace_external_total",
					help: "Messages of MQTT clients taken in",
					type: "counter",
					value: gate.figures().accepted,
				},
				{ name: "namespace_dead_letters_total", help: "Messages that broke the contract", type: "counter", value: letters.count },
			],
		},
		accept,
		onExternalPublish: gate.judge,
		refresh,
		recall: gate.recall,
		deadLetter: letters.add,
	};
}
