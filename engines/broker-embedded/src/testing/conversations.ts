import type { IConnectPacket } from "mqtt-packet";
import { brokenConversations } from "./conversations-broken.ts";
import { exactlyOnceConversations } from "./conversations-exactly-once.ts";
import { messageConversations } from "./conversations-messages.ts";
import { sessionConversations } from "./conversations-sessions.ts";
import type { RawClient } from "./raw-client.ts";
import { bothVersions, hear, lasting, publish, retained, say, wrong, wrongFirst } from "./talk.ts";

export interface Stage {
	/** A named client; what it receives is part of the transcript. */
	open(name: string, version?: 3 | 4 | 5, connect?: Partial<IConnectPacket>): Promise<RawClient>;
	/** Connected, but CONNECT not sent. */
	dial(name: string, version?: 3 | 4 | 5): Promise<RawClient>;
}

export type Conversation = (stage: Stage) => Promise<void>;

/** What is said to both brokers, in the words of the wire. */
export const conversations: Record<string, Conversation> = {
	...exactlyOnceConversations,
	...sessionConversations,
	...messageConversations,
	...brokenConversations,
	...bothVersions("QoS is the lower of publish and subscription", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("q/0", 0);
		await reader.subscribe("q/1", 1);
		const writer = await open("writer", version);
		for (const qos of [0, 1] as const)
			await say(writer, publish("q/0", `${qos} to 0`, { qos }), publish("q/1", `${qos} to 1`, { qos }));
		for (const packet of await hear(reader))
			if (packet.cmd === "publish" && packet.qos === 1) reader.send({ cmd: "puback", messageId: packet.messageId as number });
		await hear(reader);
	}),
	...bothVersions("retained messages come with the flag, live ones without", (version) => async ({ open }) => {
		const writer = await open("writer", version);
		await say(writer, retained("r/a", "old"), retained("r/a", "new"), retained("r/b", "b", 1), publish("r/c", "not kept"));
		const reader = await open("reader", version);
		await reader.subscribe("r/#", 1);
		for (const packet of await hear(reader))
			if (packet.cmd === "publish" && packet.qos === 1) reader.send({ cmd: "puback", messageId: packet.messageId as number });
		await say(writer, retained("r/a", "live"), retained("r/b", ""));
		await hear(reader);
		const late = await open("late", version);
		await late.subscribe("r/+");
		await hear(late);
	}),
	...bothVersions("subscribing again sends the retained messages again", (version) => async ({ open }) => {
		const client = await open("client", version);
		await say(client, retained("again", "kept"));
		await client.subscribe("again");
		await hear(client);
		await client.subscribe("again", 1);
		await hear(client);
	}),
	"retain handling 0, 1 and 2": async ({ open }) => {
		const client = await open("client");
		await say(client, retained("h/a", "a"), retained("h/b", "b"), retained("h/c", "c"));
		for (const rh of [0, 1, 2] as const) {
			await client.subscribe(`h/${"abc"[rh]}`, 0, { rh });
			await hear(client);
			await client.subscribe(`h/${"abc"[rh]}`, 0, { rh });
			await hear(client);
		}
	},
	"retain as published keeps the flag": async ({ open }) => {
		const kept = await open("kept");
		await kept.subscribe("rap", 0, { rap: true });
		const plain = await open("plain");
		await plain.subscribe("rap");
		const writer = await open("writer");
		await say(writer, retained("rap", "1"), publish("rap", "2"));
		await hear(kept);
		await hear(plain);
	},
	"no local keeps a client's own messages from it": async ({ open }) => {
		const own = await open("own");
		await own.subscribe("nl", 0, { nl: true });
		const other = await open("other");
		await other.subscribe("nl");
		await say(own, publish("nl", "mine"));
		await say(other, publish("nl", "theirs"));
		await hear(own);
		await hear(other);
	},
	...bothVersions("wildcards match as the standard says", (version) => async ({ open }) => {
		const writer = await open("writer", version);
		for (const filter of ["#", "+", "+/+", "/+", "a/#", "a/+", "+/b", "a/+/c", "a//c", "a/b/", "$x/#", "$x/+"]) {
			const reader = await open(`reader of ${filter}`, version);
			await reader.subscribe(filter);
			await say(
				writer,
				...["a", "a/", "/a", "a/b", "a/b/c", "a//c", "a/b/", "b", "/", "$x/a", "$x"].map((topic) => publish(topic, topic)),
			);
			await hear(reader);
			reader.send({ cmd: "disconnect", reasonCode: 0 });
			await reader.untilClosed();
		}
	}),
	...bothVersions("unsubscribing stops, and answers what was not there", (version) => async ({ open }) => {
		const client = await open("client", version);
		await client.subscribe("u/#");
		client.send({ cmd: "unsubscribe", messageId: 5, unsubscriptions: ["u/#", "never"] });
		await hear(client);
		await say(client, publish("u/a", "unheard"));
	}),
	...bothVersions("several filters are answered one by one", (version) => async ({ open }) => {
		const client = await open("client", version);
		client.send({
			cmd: "subscribe",
			messageId: 6,
			subscriptions: ["m/a", "m/b/#", "+"].map((topic, i) => ({ topic, qos: (i % 2) as 0 | 1, nl: false, rap: false, rh: 0 })),
		});
		await hear(client);
	}),
	...bothVersions("a will is published when the line is cut, not after a goodbye", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("will/#", 1);
		const will = (topic: string) => ({ will: { topic, payload: Buffer.from("gone"), qos: 0 as const, retain: true } });
		const cut = await open("cut", version, will("will/cut"));
		cut.end();
		const polite = await open("polite", version, will("will/polite"));
		polite.send({ cmd: "disconnect", reasonCode: 0 });
		await polite.untilClosed();
		await reader.until(() => reader.received.some((packet) => packet.cmd === "publish"));
		await hear(reader);
		const late = await open("late", version);
		await late.subscribe("will/#");
		await hear(late);
	}),
	"a goodbye with will publishes it, properties included": async ({ open }) => {
		const reader = await open("reader");
		await reader.subscribe("will/5");
		const client = await open("client", 5, {
			will: {
				topic: "will/5",
				payload: Buffer.from("bye"),
				qos: 0,
				retain: false,
				properties: {
					contentType: "text/plain",
					responseTopic: "r",
					correlationData: Buffer.from([7]),
					userProperties: { a: "b" },
				},
			},
		});
		client.send({ cmd: "disconnect", reasonCode: 4 });
		await client.untilClosed();
		await reader.until(() => reader.received.some((packet) => packet.cmd === "publish"));
		await hear(reader);
	},
	...bothVersions("a session that lasts gets what it missed of QoS 1, once", (version) => async ({ open }) => {
		const options = version === 5 ? lasting : { clean: false };
		const before = await open("before", version, { clientId: "sleeper", ...options });
		await before.subscribe("s/0", 0);
		await before.subscribe("s/1", 1);
		before.send({ cmd: "disconnect", reasonCode: 0 });
		await before.untilClosed();
		const writer = await open("writer", version);
		await say(writer, publish("s/0", "lost", { qos: 1 }), publish("s/1", "also lost"), publish("s/1", "kept", { qos: 1 }));
		const after = await open("after", version, { clientId: "sleeper", ...options });
		const [first] = (await hear(after)).filter((packet) => packet.cmd === "publish");
		after.send({ cmd: "puback", messageId: first?.messageId as number });
		await hear(after);
		after.end();
		const again = await open("again", version, { clientId: "sleeper", ...options });
		await hear(again);
		again.end();
		const fresh = await open("fresh", version, { clientId: "sleeper", clean: true });
		await say(writer, publish("s/1", "for nobody", { qos: 1 }));
		await hear(fresh);
	}),
	"what was not acknowledged comes again, marked": async ({ open }) => {
		const before = await open("before", 4, { clientId: "forgetful", clean: false });
		await before.subscribe("d", 1);
		const writer = await open("writer", 4);
		await say(writer, publish("d", "again", { qos: 1 }));
		await hear(before);
		before.end();
		const after = await open("after", 4, { clientId: "forgetful", clean: false });
		await hear(after);
	},
	"a session of MQTT 5 without expiry ends with its connection": async ({ open }) => {
		const before = await open("before", 5, { clientId: "short", clean: false });
		await before.subscribe("e", 1);
		before.send({ cmd: "disconnect", reasonCode: 0 });
		await before.untilClosed();
		await open("after", 5, { clientId: "short", clean: false });
	},
	"a goodbye can shorten the session": async ({ open }) => {
		const before = await open("before", 5, { clientId: "shortened", ...lasting });
		before.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
		await before.untilClosed();
		await open("after", 5, { clientId: "shortened", clean: false });
	},
	...bothVersions("a second connection takes over", (version) => async ({ open }) => {
		const first = await open("first", version, { clientId: "one" });
		await open("second", version, { clientId: "one" });
		await first.untilClosed();
	}),
	"no client id and a clean session is welcome, 3.1.1": async ({ open }) => void (await open("anonymous", 4, { clientId: "" })),
	"no client id and a lasting session is refused, 3.1.1": async ({ dial }) => {
		const client = await dial("anonymous", 4);
		// mqtt-packet will not write it.
		client.bytes(Buffer.from([0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0, 0, 60, 0, 0]));
		await client.untilClosed();
	},
	"no client id gets one, 5": async ({ open }) => void (await open("anonymous", 5, { clientId: "" })),
	"properties travel with the message": async ({ open }) => {
		const reader = await open("reader");
		await reader.subscribe("p");
		const old = await open("old", 4);
		await old.subscribe("p");
		const writer = await open("writer");
		await say(
			writer,
			publish("p", "x", {
				properties: {
					payloadFormatIndicator: true,
					messageExpiryInterval: 100,
					contentType: "text/plain",
					responseTopic: "answers",
					correlationData: Buffer.from([1, 2]),
					userProperties: { a: ["1", "2"], b: "3" },
				},
			}),
		);
		await hear(reader);
		await hear(old);
	},
	"a topic alias stands for its topic": async ({ open }) => {
		const reader = await open("reader");
		await reader.subscribe("alias/#");
		const writer = await open("writer");
		const aliased = (topic: string, payload: string) => publish(topic, payload, { properties: { topicAlias: 2 } });
		await say(writer, aliased("alias/a", "1"), aliased("", "2"), aliased("alias/b", "3"), aliased("", "4"));
		await hear(reader);
	},
	"a subscription identifier comes back with each message": async ({ open }) => {
		const client = await open("client");
		await client.subscribe("i/#", 0, { id: 268_435_455 });
		await say(client, publish("i/a", "1"), retained("i/b", "2"));
		await hear(client);
		await client.subscribe("i/b", 0, { id: 3 });
		await hear(client);
	},
	"no more than the receive maximum is under way": async ({ open }) => {
		const reader = await open("reader", 5, { properties: { receiveMaximum: 1 } });
		await reader.subscribe("w", 1);
		const writer = await open("writer");
		for (const payload of ["1", "2", "3"]) await say(writer, publish("w", payload, { qos: 1 }));
		for (let i = 0; i < 3; i++)
			for (const packet of await hear(reader))
				if (packet.cmd === "publish") reader.send({ cmd: "puback", messageId: packet.messageId as number });
	},
	"what is too large for the client is not sent": async ({ open }) => {
		const reader = await open("reader", 5, { properties: { maximumPacketSize: 60 } });
		await reader.subscribe("size", 1);
		const writer = await open("writer");
		await say(writer, publish("size", "x".repeat(100), { qos: 1 }), publish("size", "small"));
		await hear(reader);
	},
	...bothVersions("publishing what one may not is not delivered", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("#");
		const writer = await open("writer", version);
		await say(writer, publish("denied/a", "0"), publish("denied/a", "1", { qos: 1 }), publish("allowed", "2"));
		await hear(reader);
	}),
	...bothVersions("an empty message is a message", (version) => async ({ open }) => {
		const client = await open("client", version);
		await client.subscribe("empty");
		await say(client, publish("empty", ""));
	}),
	...bothVersions("an acknowledgement of nothing is ignored", (version) => async ({ open }) => {
		const client = await open("client", version);
		client.send({ cmd: "puback", messageId: 77 });
		await hear(client);
	}),
	"version 3.1 is spoken": async ({ open }) => {
		const client = await open("client", 3, { protocolId: "MQIsdp" });
		await client.subscribe("old", 1);
		await say(client, publish("old", "x"));
	},

	...bothVersions("a second CONNECT ends the connection", (version) =>
		wrong(
			version,
			...(version === 5
				? [0x10, 14, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2, 0, 60, 0, 0, 1, 0x61]
				: [0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 1, 0x61]),
		),
	),
	...bothVersions("publishing to a wildcard ends the connection", (version) =>
		wrong(version, ...(version === 5 ? [0x30, 7, 0, 3, 0x61, 0x2f, 0x23, 0, 0x78] : [0x30, 6, 0, 3, 0x61, 0x2f, 0x23, 0x78])),
	),
	...bothVersions("publishing to no topic ends the connection", (version) =>
		wrong(version, ...(version === 5 ? [0x30, 3, 0, 0, 0] : [0x30, 2, 0, 0])),
	),
	...bothVersions("QoS 3 ends the connection", (version) => wrong(version, 0x36, 7, 0, 1, 0x61, 0, 1, 0, 0x78)),
	...bothVersions("a topic longer than its packet ends the connection", (version) => wrong(version, 0x30, 4, 0, 9, 0x61, 0x62)),
	...bothVersions("subscribing with wrong flags ends the connection", (version) => wrong(version, 0x80, 6, 0, 1, 0, 1, 0x61, 0)),
	...bothVersions("subscribing to nothing ends the connection", (version) =>
		wrong(version, 0x82, ...(version === 5 ? [3, 0, 1, 0] : [2, 0, 1])),
	),
	...bothVersions("a length that never ends ends the connection", (version) =>
		wrong(version, 0x30, 0xff, 0xff, 0xff, 0xff, 0x01),
	),
	...bothVersions("packet type 0 ends the connection", (version) => wrong(version, 0x00, 0x00)),
	"an answer only brokers give ends the connection": wrong(5, 0x90, 3, 0, 1, 0),
	"a property that does not belong ends the connection": wrong(5, 0x30, 7, 0, 1, 0x61, 2, 0x27, 0, 0x78),
	"topic alias 0 ends the connection": wrong(5, 0x30, 8, 0, 1, 0x61, 3, 0x23, 0, 0, 0x78),
	"an alias that was never given ends the connection": wrong(5, 0x30, 7, 0, 0, 3, 0x23, 0, 1, 0x78),
	"prolonging a session that ends with its connection is an error": wrong(5, 0xe0, 7, 0, 5, 0x11, 0, 0, 0, 60),
	"a first packet other than CONNECT is not answered": wrongFirst(0xc0, 0x00),
	"a protocol of another name is not answered": wrongFirst(0x10, 13, 0, 4, 0x48, 0x54, 0x54, 0x50, 4, 2, 0, 60, 0, 1, 0x61),
	"a version nobody speaks is refused": wrongFirst(0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 9, 2, 0, 60, 0, 1, 0x61),
	"a reserved connect flag is not answered": wrongFirst(0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 3, 0, 60, 0, 1, 0x61),
	"random bytes are not answered": wrongFirst(0x47, 0x05, 0x54, 0x20, 0x2f, 0x20, 0x48),
};
