import type { BrokerFigures } from "@millwright/core";
import type { Figure } from "@millwright/runtime";

const help: Record<keyof BrokerFigures, [type: Figure["type"], help: string]> = {
	clients: ["gauge", "MQTT clients connected"],
	subscriptions: ["gauge", "Subscriptions, of clients and of this process"],
	retained: ["gauge", "Topics that retain a message"],
	received: ["counter", "Messages published by clients"],
	sent: ["counter", "Messages sent to clients"],
	dropped: ["counter", "Messages dropped because a client's queue was full"],
	bytesReceived: ["counter", "Bytes from clients"],
	bytesSent: ["counter", "Bytes to clients"],
	refusedConnections: ["counter", "Connections refused"],
	deniedTopics: ["counter", "Publishes and subscriptions refused by topic rights"],
};

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** For /metrics. */
export const metricsOf = (figures: BrokerFigures): Figure[] =>
	(Object.keys(help) as (keyof BrokerFigures)[]).map((name) => ({
		name: `mqtt_${snake(name)}${help[name][0] === "counter" ? "_total" : ""}`,
		help: help[name][1],
		type: help[name][0],
		value: figures[name],
	}));

/** Under `$SYS/broker/`, as other brokers name them. */
export const systemTopics = (figures: BrokerFigures, uptimeSeconds: number): [topic: string, value: string][] => [
	["uptime", `${uptimeSeconds} seconds`],
	["clients/connected", String(figures.clients)],
	["subscriptions/count", String(figures.subscriptions)],
	["retained messages/count", String(figures.retained)],
	["messages/received", String(figures.received)],
	["messages/sent", String(figures.sent)],
	["publish/messages/dropped", String(figures.dropped)],
	["bytes/received", String(figures.bytesReceived)],
	["bytes/sent", String(figures.bytesSent)],
];
