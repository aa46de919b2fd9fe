import { connectAsync } from "mqtt";

/** Signs in over MQTT, publishes or listens as asked, and tells the topics that came. */
export async function topicsHeard({
	port,
	key,
	subscribe = [],
	publish,
	until,
}: {
	port: number;
	key: { name: string; secret: string };
	subscribe?: string[];
	publish?: { topic: string; payload: string };
	until?: (topics: ReadonlySet<string>) => boolean;
}): Promise<Set<string>> {
	const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
		protocolVersion: 5,
		username: key.name,
		password: key.secret,
		reconnectPeriod: 0,
	});
	const topics = new Set<string>();
	try {
		const heard = new Promise<void>((resolve, reject) => {
			if (!until) return resolve();
			const late = setTimeout(() => reject(new Error(`Only ${topics.size} topics came`)), 15_000);
			client.on("message", (topic) => {
				topics.add(topic);
				if (!until(topics)) return;
				clearTimeout(late);
				resolve();
			});
		});
		if (subscribe.length > 0) await client.subscribeAsync(subscribe).catch(() => undefined);
		// A refused message is what some tests want.
		if (publish) await client.publishAsync(publish.topic, publish.payload, { qos: 1 }).catch(() => undefined);
		await heard;
	} finally {
		await client.endAsync(true);
	}
	return topics;
}
