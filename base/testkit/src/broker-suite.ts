import type { Broker, IncomingMessage } from "@millwright/core";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { expect, test } from "vitest";

/** What the suite needs of a broker engine. */
export interface BrokerUnderTest {
	broker: Broker;
	/** Where MQTT clients reach it: "mqtt://127.0.0.1:1883". */
	url: string;
	close(): Promise<void>;
}

export interface BrokerSuiteOptions {
	/** Does the engine know whether anybody listens, so that payloads are made only then? A broker outside does not say. */
	knowsListeners?: boolean;
	/** Does it know who sent a message, and list its clients? MQTT tells a subscriber neither. */
	knowsClients?: boolean;
}

interface Heard {
	topic: string;
	text: string;
	retain: boolean;
	properties?: IncomingMessage["properties"];
}

/** What every broker engine must do alike; `open` gives a fresh, started broker that admits everybody. */
export function brokerSuite(
	open: () => Promise<BrokerUnderTest>,
	{ knowsListeners = true, knowsClients = true }: BrokerSuiteOptions = {},
): void {
	const using = async (
		work: (
			broker: Broker,
			/** `before` sees the client before it connects: what waits for it arrives with the connection. */
			join: (options?: IClientOptions, before?: (client: MqttClient) => void) => Promise<MqttClient>,
		) => Promise<void>,
	): Promise<void> => {
		const { broker, url, close } = await open();
		const clients: MqttClient[] = [];
		try {
			await work(broker, async (options = {}, before = () => {}) => {
				const client = connect(url, { protocolVersion: 5, reconnectPeriod: 0, ...options });
				clients.push(client);
				before(client);
				await new Promise<void>((resolve, reject) => {
					client.once("connect", () => resolve());
					client.once("error", reject);
					client.once("close", () => reject(new Error("The broker closed the connection")));
				});
				return client;
			});
		} finally {
			for (const client of clients) await client.endAsync(true).catch(() => {});
			await close();
		}
	};

	/** Collects what a client receives; `until` waits for a number of messages. */
	const listen = (client: MqttClient) => {
		const heard: Heard[] = [];
		let wake = (): void => {};
		client.on("message", (topic, payload, packet) => {
			heard.push({ topic, text: payload.toString(), retain: packet.retain });
			wake();
		});
		return {
			heard,
			async until(count: number): Promise<Heard[]> {
				while (heard.length < count) {
					await new Promise<void>((resolve) => {
						wake = resolve;
					});
				}
				return heard;
			},
		};
	};

	/** The same for a listener in the process; made before a client joins, so that a broker outside hears of it first. */
	const listenInside = (broker: Broker, filter: string) => {
		const heard: IncomingMessage[] = [];
		let wake = (): void => {};
		const stop = broker.subscribe(filter, "suite", (message) => {
			heard.push({ ...message, payload: Uint8Array.from(message.payload) });
			wake();
		});
		return {
			heard,
			stop,
			async until(count: number): Promise<IncomingMessage[]> {
				while (heard.length < count) {
					await new Promise<void>((resolve) => {
						wake = resolve;
					});
				}
				return heard;
			},
		};
	};

	const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
	const text = (payload: Uint8Array): string => new TextDecoder().decode(payload);

	test("what the process publishes reaches the clients whose filter matches, in order", () =>
		using(async (broker, join) => {
			const client = await join();
			const heard = listen(client);
			await client.subscribeAsync("suite/+/temperature");
			for (let i = 0; i < 20; i++) {
				broker.publish({ topic: `suite/m${i}/temperature`, payload: bytes(String(i)) });
				broker.publish({ topic: `suite/m${i}/pressure`, payload: bytes("no") });
			}
			const got = await heard.until(20);
			expect(got.map((message) => message.text)).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
			expect(got.every((message) => message.topic.endsWith("/temperature") && !message.retain)).toBe(true);
		}));

	test("what a client publishes reaches listeners in the process, with who sent it", () =>
		using(async (broker, join) => {
			const inside = listenInside(broker, "suite/in/#");
			const client = await join({ clientId: "suite-writer" });
			await client.publishAsync("suite/in/a", "one", { qos: 1 });
			await client.publishAsync("suite/out", "two", { qos: 1 });
			await client.publishAsync("suite/in", "three", { qos: 1 });
			const got = await inside.until(2);
			expect(got.map((message) => [message.topic, text(message.payload)])).toEqual([
				["suite/in/a", "one"],
				["suite/in", "three"],
			]);
			if (knowsClients) expect(got[0]?.client?.id).toBe("suite-writer");
		}));

	test("a listener that stopped hears nothing more, and one that throws stops nobody", () =>
		using(async (broker, join) => {
			broker.subscribe("suite/x", "broken", () => {
				throw new Error("broken on purpose");
			});
			const first = listenInside(broker, "suite/x");
			const second = listenInside(broker, "suite/#");
			const client = await join();
			await client.publishAsync("suite/x", "1", { qos: 1 });
			await first.until(1);
			first.stop();
			await client.publishAsync("suite/x", "2", { qos: 1 });
			await second.until(2);
			expect(first.heard).toHaveLength(1);
		}));

	test("a topic keeps its last retained message for those who come later, until an empty one clears it", () =>
		using(async (broker, join) => {
			broker.publish({ topic: "suite/kept/b", payload: bytes("old"), retain: true });
			broker.publish({ topic: "suite/kept/b", payload: bytes("new"), retain: true });
			broker.publish({ topic: "suite/kept/a", payload: bytes("a"), retain: true });
			broker.publish({ topic: "suite/passing", payload: bytes("no") });
			const client = await join();
			const heard = listen(client);
			await client.subscribeAsync("suite/#");
			const got = await heard.until(2);
			expect(got.map((message) => [message.topic, message.text, message.retain]).sort()).toEqual([
				["suite/kept/a", "a", true],
				["suite/kept/b", "new", true],
			]);
			expect(broker.retained("suite/kept/+", 10).map(({ topic, payload }) => [topic, text(payload)])).toEqual([
				["suite/kept/a", "a"],
				["suite/kept/b", "new"],
			]);
			expect(broker.retained("suite/kept/+", 1)).toHaveLength(1);
			broker.publish({ topic: "suite/kept/b", payload: new Uint8Array(), retain: true });
			await heard.until(3);
			expect(broker.retained("suite/#", 10).map(({ topic }) => topic)).toEqual(["suite/kept/a"]);
		}));

	test("a client's retained message is known to the process", () =>
		using(async (broker, join) => {
			const inside = listenInside(broker, "suite/client/#");
			const client = await join();
			await client.publishAsync("suite/client/x", "kept", { qos: 1, retain: true });
			await inside.until(1);
			expect(broker.retained("suite/client/x", 10).map(({ payload }) => text(payload))).toEqual(["kept"]);
		}));

	test("a message of QoS 1 waits for a client that is away and keeps its session", () =>
		using(async (broker, join) => {
			const session = { clientId: "suite-sleeper", clean: false, properties: { sessionExpiryInterval: 300 } };
			const before = await join(session);
			await before.subscribeAsync("suite/q/#", { qos: 1 });
			await before.endAsync();
			for (let i = 0; i < 5; i++) broker.publish({ topic: `suite/q/${i}`, payload: bytes(String(i)), qos: 1 });
			let later: ReturnType<typeof listen> | undefined;
			await join(session, (client) => {
				later = listen(client);
			});
			const heard = (await later?.until(5)) ?? [];
			expect(heard.map((message) => message.text)).toEqual(["0", "1", "2", "3", "4"]);
		}));

	test("QoS 2 is spoken both ways, and its messages come once", () =>
		using(async (broker, join) => {
			const inside = listenInside(broker, "suite/two/up");
			const client = await join();
			const heard = listen(client);
			await client.subscribeAsync("suite/two/down", { qos: 2 });
			for (let i = 0; i < 5; i++) {
				await client.publishAsync("suite/two/up", String(i), { qos: 2 });
				broker.publish({ topic: "suite/two/down", payload: bytes(String(i)), qos: 2 });
			}
			expect((await inside.until(5)).map(({ payload }) => text(payload))).toEqual(["0", "1", "2", "3", "4"]);
			expect((await heard.until(5)).map((message) => message.text)).toEqual(["0", "1", "2", "3", "4"]);
		}));

	test("clients that share a subscription share its messages out", () =>
		using(async (broker, join) => {
			const members = [await join(), await join()];
			const heard = members.map(listen);
			for (const member of members) await member.subscribeAsync("$share/suite/suite/shared/#");
			for (let i = 0; i < 10; i++) broker.publish({ topic: `suite/shared/${i}`, payload: bytes(String(i)) });
			const all = () => heard.flatMap((one) => one.heard.map((message) => message.text));
			while (all().length < 10) await new Promise<void>((resolve) => setTimeout(resolve, 5));
			expect(all().sort()).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
		}));

	test("properties of MQTT 5 arrive as they were sent, both ways", () =>
		using(async (broker, join) => {
			const inside = listenInside(broker, "suite/up");
			const client = await join();
			const properties = {
				contentType: "application/json",
				responseTopic: "suite/answer",
				correlationData: Buffer.from([1, 2, 3]),
				userProperties: { reason: "test", both: ["a", "b"] },
			};
			await client.publishAsync("suite/up", "{}", { qos: 1, properties });
			const [up] = await inside.until(1);
			expect(up?.properties).toMatchObject({ contentType: "application/json", responseTopic: "suite/answer" });
			expect([...(up?.properties?.correlationData ?? [])]).toEqual([1, 2, 3]);
			expect({ ...up?.properties?.userProperties }).toEqual(properties.userProperties);

			await client.subscribeAsync("suite/down");
			const down = new Promise<Record<string, unknown>>((resolve) => {
				client.on("message", (_topic, _payload, packet) => resolve({ ...packet.properties }));
			});
			broker.publish({ topic: "suite/down", payload: bytes("x"), properties });
			const got = await down;
			expect(got).toMatchObject({ contentType: "application/json", responseTopic: "suite/answer" });
			expect({ ...(got.userProperties as object) }).toEqual(properties.userProperties);
		}));

	test("topics that begin with $ are not found by a wildcard at the first level", () =>
		using(async (broker, join) => {
			const client = await join();
			const heard = listen(client);
			await client.subscribeAsync(["#", "+/x"]);
			broker.publish({ topic: "$suite/x", payload: bytes("hidden") });
			broker.publish({ topic: "suite/x", payload: bytes("seen") });
			const [first] = await heard.until(1);
			expect(first?.topic).toBe("suite/x");
		}));

	test("a payload that cannot be made harms only its own message", () =>
		using(async (broker) => {
			const inside = listenInside(broker, "suite/#");
			broker.publish({
				topic: "suite/broken",
				payload: () => {
					throw new Error("broken on purpose");
				},
			});
			broker.publish({ topic: "suite/fine", payload: bytes("x") });
			expect((await inside.until(1)).map(({ topic }) => topic)).toEqual(["suite/fine"]);
		}));

	if (knowsListeners) {
		test("a payload is made when somebody listens or asks, once, and not before", () =>
			using(async (broker) => {
				let made = 0;
				const payload = (): Uint8Array => {
					made++;
					return bytes("made");
				};
				broker.publish({ topic: "suite/lazy", payload });
				broker.publish({ topic: "suite/lazy", payload, retain: true });
				expect(made).toBe(0);
				expect(text(broker.retained("suite/lazy", 1)[0]?.payload ?? new Uint8Array())).toBe("made");
				broker.retained("suite/lazy", 1);
				expect(made).toBe(1);
				const inside = listenInside(broker, "suite/lazy");
				broker.publish({ topic: "suite/lazy", payload, retain: true });
				broker.retained("suite/lazy", 1);
				expect(made).toBe(2);
				inside.stop();
			}));

		test("it says whether a topic is heard", () =>
			using(async (broker, join) => {
				expect(broker.isHeard("suite/a")).toBe(false);
				const inside = listenInside(broker, "suite/+");
				expect(broker.isHeard("suite/a")).toBe(true);
				inside.stop();
				expect(broker.isHeard("suite/a")).toBe(false);
				const client = await join();
				await client.subscribeAsync("suite/#");
				expect(broker.isHeard("suite/a")).toBe(true);
				await client.unsubscribeAsync("suite/#");
				expect(broker.isHeard("suite/a")).toBe(false);
			}));
	}

	if (knowsClients)
		test("its clients and figures can be read", () =>
			using(async (broker, join) => {
				const client = await join({ clientId: "suite-known" });
				await client.subscribeAsync(["suite/a", "suite/b/#"]);
				const heard = listen(client);
				broker.publish({ topic: "suite/a", payload: bytes("1") });
				await heard.until(1);
				await client.publishAsync("suite/c", "2", { qos: 1 });
				expect(broker.clients()).toMatchObject([
					{ id: "suite-known", version: 5, subscriptions: ["suite/a", "suite/b/#"], received: 1, sent: 1, droppedMessages: 0 },
				]);
				expect(broker.figures()).toMatchObject({ clients: 1, received: 1, sent: 1, dropped: 0 });
				expect(broker.conversations()).toMatchObject([
					{
						client: "suite-known",
						connected: true,
						publishes: [{ filter: "suite/c", messages: 1, bytes: 1 }],
						subscribes: [{ filter: "suite/a" }, { filter: "suite/b/#" }],
					},
				]);
			}));
}
