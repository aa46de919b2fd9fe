import mqtt, { type IPublishPacket, type MqttClient } from "mqtt";
import type { Factory } from "./factory.ts";

export interface MqttKey {
	name: string;
	secret: string;
}

/** A key for MQTT made through the product, as a person would make it. */
export async function mqttKey({ session }: Pick<Factory, "session">, name: string): Promise<MqttKey> {
	const { secret } = await session.access.addKey({ name, topics: { publish: ["udt/faults/#", "flood/#"], subscribe: ["#"] } });
	return { name, secret };
}

export interface Watcher {
	client: MqttClient;
	/** Messages, newest payload by topic is left to the caller. */
	messages: number;
	/** Times the connection ended. */
	ends: number;
	close(): Promise<void>;
}

export async function connectMqtt(
	{ mqttPort }: Pick<Factory, "mqttPort">,
	{
		key,
		hear,
		subscribe,
	}: { key: MqttKey; hear?: (topic: string, payload: Buffer, packet: IPublishPacket) => void; subscribe?: string },
): Promise<Watcher> {
	const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
		protocolVersion: 5,
		username: key.name,
		password: key.secret,
		reconnectPeriod: 0,
	});
	const watcher: Watcher = { client, messages: 0, ends: 0, close: () => client.endAsync(true) };
	client.on("error", () => {});
	client.on("close", () => {
		watcher.ends++;
	});
	client.on("message", (topic, payload, packet) => {
		watcher.messages++;
		hear?.(topic, payload, packet);
	});
	if (subscribe) await client.subscribeAsync(subscribe, { qos: 1 });
	return watcher;
}

/** Stops reading from the socket, as a stopped process does. */
export function freeze({ client }: Watcher): () => void {
	const stream = client.stream as unknown as { pause(): void; resume(): void };
	const timer = setInterval(() => stream.pause(), 1);
	stream.pause();
	return () => {
		clearInterval(timer);
		stream.resume();
	};
}
