import {
	type Broker,
	type Call,
	type Clock,
	type DataClass,
	MillwrightError,
	maySee,
	qualityName,
	systemPrincipal,
	type TagDirectory,
	tagOfTopic,
} from "@millwright/core";
import type { BridgeInfo, gatewayOperations, Namespace, TopicValue, TreeNode } from "./api.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { externalConnection, type TagTopic, type TagTopics } from "./tag-topics.ts";
import { classIndex, classNames, sumSeen, type TreeLevel } from "./topic-tree.ts";

/** Which data classes the caller sees, by class number. */
const seenBy = (call: Call | undefined): boolean[] =>
	classNames.map((dataClass: DataClass) => maySee(call?.principal ?? systemPrincipal, dataClass));

/** What stands without gateways. */
export type NamespaceService = Omit<Namespace, keyof typeof gatewayOperations>;

export function createNamespaceService(tools: {
	topics: TagTopics;
	letters: DeadLetters;
	broker: Broker;
	directory: TagDirectory;
	clock: Clock;
	classOf(tag: string): DataClass;
	bridges?: (() => BridgeInfo[]) | undefined;
}): NamespaceService {
	const { topics, letters, broker, directory, clock, classOf } = tools;
	const { columns, tree } = topics;

	function shown(topic: TagTopic): TopicValue {
		const known = columns.has(topic.id);
		return {
			tag: topic.name,
			topic: topic.outgoing.topic,
			value: known ? columns.valueOf(topic.id) : null,
			unit: topic.unit ?? "1",
			...(known ? { at: columns.msOf(topic.id), sequence: columns.sequence[topic.id] as number } : {}),
			quality: qualityName(columns.quality[topic.id] as number),
			dataClass: topic.dataClass,
		};
	}

	const seenTags = (level: TreeLevel, seen: readonly boolean[]): number => sumSeen(level.tags, seen);

	function nodeOf(level: TreeLevel, seen: readonly boolean[], all: boolean): TreeNode {
		const topic = level.tag === 0 ? undefined : topics.find(level.tag);
		const children = all ? level.children.size : tree.children(level).filter((child) => seenTags(child, seen) > 0).length;
		return {
			name: level.name,
			path: level.path,
			children,
			tags: seenTags(level, seen),
			abnormal: sumSeen(level.abnormal, seen),
			...(topic === undefined || !seen[classIndex[topic.dataClass]] ? {} : { tag: shown(topic) }),
		};
	}

	function seenTopic(tag: string, call: Call | undefined): TagTopic {
		const id = directory.idOf(tag) ?? directory.idOf(tagOfTopic(tag, topics.root) ?? "");
		const topic = id === undefined ? undefined : topics.find(id);
		// What one may not see does not exist.
		if (topic === undefined || !seenBy(call)[classIndex[topic.dataClass]])
			throw new MillwrightError("namespace.tag-unknown", `No topic for "${tag}"`, {
				kind: "missing",
				hint: "Find tags with namespace search; a tag has a topic once its first value arrived.",
				place: tag,
			});
		return topic;
	}

	return {
		async tree({ path, limit, offset }, call) {
			const level = tree.find(path);
			const seen = seenBy(call);
			if (level === undefined || (path !== "" && seenTags(level, seen) === 0))
				throw new MillwrightError("namespace.path-unknown", `No level "${path}" below ${topics.root}`, {
					kind: "missing",
					hint: "Begin at the top with an empty path.",
					place: path,
				});
			const all = seen.every(Boolean);
			const children = all ? tree.children(level) : tree.children(level).filter((child) => seenTags(child, seen) > 0);
			return {
				root: topics.root,
				nodes: children.slice(offset, offset + limit).map((child) => nodeOf(child, seen, all)),
				total: children.length,
			};
		},
		async search({ words, limit, offset }, call) {
			const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
			const seen = seenBy(call);
			const found = topics
				.all()
				.filter((topic) => seen[classIndex[topic.dataClass]] && wanted.every((word) => topic.name.includes(word)));
			return { tags: found.slice(offset, offset + limit).map(shown), total: found.length };
		},
		async topic({ tag }, call) {
			const topic = seenTopic(tag, call);
			const external = topic.connection === externalConnection;
			const held = broker.retained(topic.outgoing.topic, 1)[0]?.payload;
			const text = held === undefined ? topics.textOf(topic) : Buffer.from(held).toString();
			return {
				value: shown(topic),
				payload: JSON.parse(text) as Record<string, unknown>,
				perMinute: columns.perMinute(topic.id, clock.nowMs()),
				bytes: held?.length ?? Buffer.byteLength(text),
				source: {
					connection: topic.connection,
					external,
					...(external && topic.client !== undefined ? { client: topic.client } : {}),
				},
			};
		},
		async deadLetters({ limit, offset }, call) {
			// What was refused on a topic is as confidential as what is taken there.
			const seen = seenBy(call);
			return letters.list(
				limit,
				offset,
				({ topic }) => seen[classIndex[classOf(tagOfTopic(topic, topics.root) ?? topic)]] === true,
			);
		},
		async clients() {
			return {
				clients: broker.clients().map((client) => ({
					id: client.id,
					principal: client.principal,
					address: client.address,
					protocol: client.protocol,
					version: client.version,
					connectedAt: client.connectedAtMs,
					subscriptions: [...client.subscriptions],
					queuedBytes: client.queuedBytes,
					dropped: client.droppedMessages,
					received: client.received,
					sent: client.sent,
				})),
				figures: { ...broker.figures() },
			};
		},
		async conversations({ limit, offset }) {
			const all = broker.conversations().sort((a, b) => b.lastSeenMs - a.lastSeenMs);
			return {
				conversations: all.slice(offset, offset + limit).map((one) => ({
					client: one.client,
					principal: one.principal,
					connected: one.connected,
					firstSeen: one.firstSeenMs,
					lastSeen: one.lastSeenMs,
					publishes: one.publishes.map(({ lastMs, ...about }) => ({ ...about, last: lastMs })),
					subscribes: one.subscribes.map(({ lastMs, ...about }) => ({ ...about, last: lastMs })),
				})),
				total: all.length,
			};
		},
		async bridges() {
			return { bridges: tools.bridges?.() ?? [] };
		},
	};
}
