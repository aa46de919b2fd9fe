import { type Broker, matchesFilter, type OutgoingMessage } from "@millwright/core";

/** The broker port without a network: remembers what was published, calls payload functions only when asked. */
export interface MemoryBroker extends Broker {
	readonly published: OutgoingMessage[];
	/** Bytes of the newest retained message of a topic. */
	text(topic: string): string | undefined;
}

export function memoryBroker(): MemoryBroker {
	const retained = new Map<string, OutgoingMessage["payload"]>();
	const published: OutgoingMessage[] = [];
	const bytesOf = (payload: OutgoingMessage["payload"]): Uint8Array => (typeof payload === "function" ? payload() : payload);
	return {
		published,
		text: (topic) => {
			const payload = retained.get(topic);
			return payload === undefined ? undefined : Buffer.from(bytesOf(payload)).toString();
		},
		start: async () => {},
		stop: async () => {},
		publish(message) {
			published.push({ ...message });
			if (!message.retain) return;
			if (typeof message.payload !== "function" && message.payload.length === 0) retained.delete(message.topic);
			else retained.set(message.topic, message.payload);
		},
		subscribe: () => () => {},
		isHeard: () => false,
		retained: (filter, limit) =>
			[...retained]
				.filter(([topic]) => matchesFilter(filter, topic))
				.sort()
				.slice(0, limit)
				.map(([topic, payload]) => ({ topic, payload: bytesOf(payload) })),
		clients: () => [],
		conversations: () => [],
		figures: () => ({
			clients: 0,
			subscriptions: 0,
			retained: retained.size,
			received: 0,
			sent: 0,
			dropped: 0,
			bytesReceived: 0,
			bytesSent: 0,
			refusedConnections: 0,
			deniedTopics: 0,
		}),
	};
}
