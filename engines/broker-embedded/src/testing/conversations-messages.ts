import type { Conversation } from "./conversations.ts";
import { bothVersions, confirm, hear, publish, retained, say } from "./talk.ts";

/** What messages carry, and what topics hold. */
export const messageConversations: Record<string, Conversation> = {
	...bothVersions("topics may be long, deep, spaced and in any script", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("#");
		const writer = await open("writer", version);
		for (const topic of ["with space", "línea/1/temperatura", "工場/ライン", "a/".repeat(50), "x".repeat(5000), "😀", " ", "//"])
			await say(writer, publish(topic, "x"));
		await hear(reader);
	}),
	...bothVersions("a large payload arrives whole", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("large", 1);
		const writer = await open("writer", version);
		await say(writer, publish("large", "y".repeat(200_000), { qos: 1 }));
		await confirm(reader);
	}),
	...bothVersions("a retained message is cleared with QoS 1 as well", (version) => async ({ open }) => {
		const writer = await open("writer", version);
		await say(writer, retained("clear", "x", 1));
		await say(writer, retained("clear", "", 1));
		const reader = await open("reader", version);
		await reader.subscribe("clear", 1);
		await hear(reader);
	}),
	...bothVersions("a retained message is lowered to what is subscribed", (version) => async ({ open }) => {
		const writer = await open("writer", version);
		await say(writer, retained("lower", "x", 1));
		const reader = await open("reader", version);
		await reader.subscribe("lower", 0);
		await hear(reader);
	}),
	...bothVersions("a message without the flag leaves what is retained", (version) => async ({ open }) => {
		const writer = await open("writer", version);
		await say(writer, retained("stays", "kept"), publish("stays", "passing"), publish("stays", ""));
		const reader = await open("reader", version);
		await reader.subscribe("stays");
		await hear(reader);
	}),
	...bothVersions("several filters of one SUBSCRIBE bring their retained messages", (version) => async ({ open }) => {
		const writer = await open("writer", version);
		await say(writer, retained("a/1", "1"), retained("b/1", "2"));
		const reader = await open("reader", version);
		await say(reader, {
			cmd: "subscribe",
			messageId: 3,
			subscriptions: ["a/+", "b/1"].map((topic) => ({ topic, qos: 0 as const, nl: false, rap: false, rh: 0 as const })),
		});
	}),
	"retained messages come with their properties and what is left of their expiry": async ({ open }) => {
		const writer = await open("writer");
		await say(
			writer,
			publish("kept", "x", {
				retain: true,
				properties: {
					payloadFormatIndicator: true,
					messageExpiryInterval: 1000,
					contentType: "application/json",
					responseTopic: "answers/here",
					correlationData: Buffer.from([0, 255, 7]),
					userProperties: { unit: "Cel" },
				},
			}),
		);
		const reader = await open("reader");
		await reader.subscribe("kept", 0, { id: 9, rap: true });
		await hear(reader);
	},
	"retain as published marks retained messages as well": async ({ open }) => {
		const client = await open("client");
		await say(client, retained("rap", "x"));
		await client.subscribe("rap", 0, { rap: true });
		await hear(client);
		await client.subscribe("rap", 0, { rap: false });
		await hear(client);
	},
	"retain handling 1 sends to a new subscription only, 2 never": async ({ open }) => {
		const client = await open("client");
		await say(client, retained("rh", "x"));
		await client.subscribe("rh", 1, { rh: 2 });
		await hear(client);
		await client.subscribe("rh", 1, { rh: 1 });
		await hear(client);
		await say(client, { cmd: "unsubscribe", messageId: 4, unsubscriptions: ["rh"] });
		await client.subscribe("rh", 1, { rh: 1 });
		await hear(client);
	},
	"user properties keep their order and their repetitions": async ({ open }) => {
		const reader = await open("reader");
		await reader.subscribe("user");
		const writer = await open("writer");
		await say(writer, publish("user", "x", { properties: { userProperties: { b: ["2", "1"], a: "", "": "empty name" } } }));
		await hear(reader);
	},
	"a response goes where the request said": async ({ open }) => {
		const server = await open("server");
		await server.subscribe("requests/+");
		const asking = await open("asking");
		await asking.subscribe("responses/asking");
		await say(
			asking,
			publish("requests/1", "?", { properties: { responseTopic: "responses/asking", correlationData: Buffer.from("42") } }),
		);
		const [request] = await hear(server);
		if (request?.cmd === "publish")
			await say(
				server,
				publish(request.properties?.responseTopic ?? "", "!", {
					properties: { correlationData: request.properties?.correlationData ?? Buffer.alloc(0) },
				}),
			);
		await hear(asking);
	},
	"a topic alias works with QoS 1 and retained messages": async ({ open }) => {
		const reader = await open("reader");
		await reader.subscribe("alias/#", 1);
		const writer = await open("writer");
		await say(writer, publish("alias/q", "1", { qos: 1, properties: { topicAlias: 1 } }));
		await say(writer, publish("", "2", { qos: 1, retain: true, properties: { topicAlias: 1 } }));
		await confirm(reader);
		const late = await open("late");
		await late.subscribe("alias/q");
		await hear(late);
	},
	"an alias belongs to its connection": async ({ open }) => {
		const writer = await open("writer");
		await say(writer, publish("alias/mine", "1", { properties: { topicAlias: 1 } }));
		const other = await open("other");
		other.send(publish("", "2", { properties: { topicAlias: 1 } }));
		await other.untilClosed();
	},
	"no local does not keep a will from others": async ({ open }) => {
		const reader = await open("reader");
		await reader.subscribe("will/nl", 0, { nl: true });
		(await open("client", 5, { will: { topic: "will/nl", payload: Buffer.from("x"), qos: 0, retain: false } })).end();
		await reader.until(() => reader.received.some(({ cmd }) => cmd === "publish"));
		await hear(reader);
	},
	"no local with QoS 1 acknowledges what only the publisher would hear": async ({ open }) => {
		const own = await open("own");
		await own.subscribe("nl", 1, { nl: true });
		await say(own, publish("nl", "x", { qos: 1 }));
	},
	"a reader's refusal is an acknowledgement": async ({ open }) => {
		const reader = await open("reader", 5, { properties: { receiveMaximum: 1 } });
		await reader.subscribe("refuse", 1);
		const writer = await open("writer");
		for (const text of ["1", "2"]) await say(writer, publish("refuse", text, { qos: 1 }));
		const [first] = await hear(reader);
		await say(reader, { cmd: "puback", messageId: first?.messageId as number, reasonCode: 0x80 });
	},
	"what is too large for one reader reaches the other": async ({ open }) => {
		const small = await open("small", 5, { properties: { maximumPacketSize: 50 } });
		await small.subscribe("size");
		const large = await open("large");
		await large.subscribe("size");
		const writer = await open("writer");
		await say(writer, publish("size", "z".repeat(60)), publish("size", "fits"));
		await hear(small);
		await hear(large);
	},
};
