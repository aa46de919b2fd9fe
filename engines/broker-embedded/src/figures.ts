import type { BrokerFigures } from "@millwright/core";
import type { Figure } from "@millwright/runtime";

/** Everything the broker counts of itself. */
export interface SystemFigures extends BrokerFigures {
	/** Sessions, with and without their client. */
	sessions: number;
	mostClients: number;
	/** Sessions whose time ran out. */
	expired: number;
	/** Connections ever begun. */
	connections: number;
	/** MQTT packets of every kind. */
	packetsReceived: number;
	packetsSent: number;
	/** Of QoS 1 and 2, under way to clients or waiting for them. */
	waiting: number;
	waitingBytes: number;
	/** Of clients' retained messages. */
	retainedBytes: number;
	heapBytes: number;
	mostHeapBytes: number;
}

const help: Record<keyof SystemFigures, [type: Figure["type"], help: string]> = {
	clients: ["gauge", "MQTT clients connected"],
	sessions: ["gauge", "MQTT sessions, with and without their client"],
	mostClients: ["gauge", "Most MQTT clients connected at once since the start"],
	expired: ["counter", "MQTT sessions whose time ran out"],
	connections: ["counter", "MQTT connections begun"],
	subscriptions: ["gauge", "Subscriptions, of clients and of this process"],
	retained: ["gauge", "Topics that retain a message"],
	retainedBytes: ["gauge", "Payload bytes retained for clients"],
	received: ["counter", "Messages published by clients"],
	sent: ["counter", "Messages sent to clients"],
	dropped: ["counter", "Messages dropped because a client's queue was full"],
	packetsReceived: ["counter", "MQTT packets of every kind from clients"],
	packetsSent: ["counter", "MQTT packets of every kind to clients"],
	waiting: ["gauge", "Messages of QoS 1 and 2 under way to clients or waiting for them"],
	waitingBytes: ["gauge", "Bytes of messages that wait for clients"],
	bytesReceived: ["counter", "Bytes from clients"],
	bytesSent: ["counter", "Bytes to clients"],
	refusedConnections: ["counter", "Connections refused"],
	deniedTopics: ["counter", "Publishes and subscriptions refused by topic rights"],
	heapBytes: ["gauge", "Heap the process uses, read every ten seconds"],
	mostHeapBytes: ["gauge", "Most heap the process used since the start, read every ten seconds"],
};

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** For /metrics; averages over time are left to whoever collects them. */
export const metricsOf = (figures: SystemFigures): Figure[] =>
	(Object.keys(help) as (keyof SystemFigures)[]).map((name) => ({
		name: `mqtt_${snake(name)}${help[name][0] === "counter" ? "_total" : ""}`,
		help: help[name][1],
		type: help[name][0],
		value: figures[name],
	}));

/** Under `$SYS/broker/`, as Mosquitto names them. */
export const systemTopics = (
	figures: SystemFigures,
	{ version, uptimeSeconds }: { version: string; uptimeSeconds: number },
): [topic: string, value: string][] => [
	["version", version],
	["uptime", `${uptimeSeconds} seconds`],
	["clients/total", String(figures.sessions)],
	["clients/connected", String(figures.clients)],
	["clients/disconnected", String(figures.sessions - figures.clients)],
	["clients/maximum", String(figures.mostClients)],
	["clients/expired", String(figures.expired)],
	["subscriptions/count", String(figures.subscriptions)],
	["retained messages/count", String(figures.retained)],
	["messages/received", String(figures.packetsReceived)],
	["messages/sent", String(figures.packetsSent)],
	["messages/stored", String(figures.retained + figures.waiting)],
	["store/messages/count", String(figures.retained + figures.waiting)],
	["store/messages/bytes", String(figures.retainedBytes + figures.waitingBytes)],
	["publish/messages/received", String(figures.received)],
	["publish/messages/sent", String(figures.sent)],
	["publish/messages/dropped", String(figures.dropped)],
	["bytes/received", String(figures.bytesReceived)],
	["bytes/sent", String(figures.bytesSent)],
	["heap/current", String(figures.heapBytes)],
	["heap/maximum", String(figures.mostHeapBytes)],
];
