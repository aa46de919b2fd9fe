import type { Conversation } from "./conversations.ts";
import { bothVersions, confirm, exactly, hear, lastingIn, publish, say } from "./talk.ts";

/** QoS 2 in both directions, over reconnects, and with identifiers that do not fit. */
export const exactlyOnceConversations: Record<string, Conversation> = {
	...bothVersions("a message of QoS 2 reaches subscribers of every QoS", (version) => async ({ open }) => {
		const readers = [];
		for (const qos of [0, 1, 2] as const) {
			const reader = await open(`reader of ${qos}`, version);
			await reader.subscribe("two", qos);
			readers.push(reader);
		}
		const writer = await open("writer", version);
		await exactly(writer, 5, publish("two", "x"));
		for (const reader of readers) await confirm(reader);
	}),
	...bothVersions("QoS 2 is lowered to what is published", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("low", 2);
		const writer = await open("writer", version);
		await say(writer, publish("low", "0"), publish("low", "1", { qos: 1 }));
		await confirm(reader);
	}),
	...bothVersions("a message of QoS 2 said twice is delivered once", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("once", 2);
		const writer = await open("writer", version);
		await say(writer, publish("once", "x", { qos: 2 }), publish("once", "x", { qos: 2, dup: true }));
		await say(writer, { cmd: "pubrel", messageId: 11 });
		await confirm(reader);
	}),
	...bothVersions("an identifier may be used again after PUBCOMP", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("reuse", 2);
		const writer = await open("writer", version);
		for (const text of ["1", "2", "3"]) await exactly(writer, 9, publish("reuse", text));
		await confirm(reader);
	}),
	...bothVersions("what PUBREC has not confirmed comes again as PUBLISH", (version) => async ({ open }) => {
		const before = await open("before", version, { clientId: `two-a-${version}`, ...lastingIn(version) });
		await before.subscribe("again", 2);
		const writer = await open("writer", version);
		await exactly(writer, 3, publish("again", "x"));
		await hear(before);
		before.end();
		const after = await open("after", version, { clientId: `two-a-${version}`, ...lastingIn(version) });
		await confirm(after);
	}),
	...bothVersions("what PUBREC has confirmed comes again as PUBREL", (version) => async ({ open }) => {
		const before = await open("before", version, { clientId: `two-b-${version}`, ...lastingIn(version) });
		await before.subscribe("release", 2);
		const writer = await open("writer", version);
		await exactly(writer, 3, publish("release", "x"));
		const [first] = await hear(before);
		await say(before, { cmd: "pubrec", messageId: first?.messageId as number });
		before.end();
		const after = await open("after", version, { clientId: `two-b-${version}`, ...lastingIn(version) });
		await confirm(after);
		after.end();
		await open("later", version, { clientId: `two-b-${version}`, ...lastingIn(version) });
	}),
	...bothVersions("a publisher that comes back goes on where it was", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("back", 2);
		const before = await open("before", version, { clientId: `two-c-${version}`, ...lastingIn(version) });
		await say(before, publish("back", "x", { qos: 2 }));
		before.end();
		const after = await open("after", version, { clientId: `two-c-${version}`, ...lastingIn(version) });
		await say(after, publish("back", "x", { qos: 2, dup: true }));
		await say(after, { cmd: "pubrel", messageId: 11 });
		await confirm(reader);
	}),
	...bothVersions("a clean session forgets identifiers", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("clean", 2);
		const before = await open("before", version, { clientId: "two-d" });
		await exactly(before, 4, publish("clean", "first"));
		before.end();
		const after = await open("after", version, { clientId: "two-d" });
		await exactly(after, 4, publish("clean", "second"));
		await confirm(reader);
	}),
	...bothVersions("PUBREL of nothing is answered", (version) => async ({ open }) => {
		const client = await open("client", version);
		await say(client, { cmd: "pubrel", messageId: 77 });
	}),
	...bothVersions("PUBCOMP of nothing is ignored", (version) => async ({ open }) => {
		const client = await open("client", version);
		await say(client, { cmd: "pubcomp", messageId: 77 });
	}),
	...bothVersions("a retained message of QoS 2 comes with it", (version) => async ({ open }) => {
		const writer = await open("writer", version);
		await exactly(writer, 6, publish("kept", "x", { retain: true }));
		for (const qos of [0, 1, 2] as const) {
			const reader = await open(`reader of ${qos}`, version);
			await reader.subscribe("kept", qos);
			await confirm(reader);
		}
	}),
	...bothVersions("a will of QoS 2 is delivered with it", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("will/2", 2);
		const client = await open("client", version, {
			will: { topic: "will/2", payload: Buffer.from("gone"), qos: 2, retain: false },
		});
		client.end();
		await reader.until(() => reader.received.some((packet) => packet.cmd === "publish"));
		for (const packet of reader.received)
			if (packet.cmd === "publish") reader.send({ cmd: "pubrec", messageId: packet.messageId as number });
		await confirm(reader);
	}),
	...bothVersions("QoS 1 and 2 wait for a sleeper in their order", (version) => async ({ open }) => {
		const before = await open("before", version, { clientId: `two-e-${version}`, ...lastingIn(version) });
		await before.subscribe("order", 2);
		before.send({ cmd: "disconnect", reasonCode: 0 });
		await before.untilClosed();
		const writer = await open("writer", version);
		await exactly(writer, 1, publish("order", "a"));
		await say(writer, publish("order", "b", { qos: 1 }));
		await exactly(writer, 2, publish("order", "c"));
		await say(writer, publish("order", "lost"));
		const after = await open("after", version, { clientId: `two-e-${version}`, ...lastingIn(version) });
		await confirm(after);
	}),
	...bothVersions("publishing what one may not with QoS 2 is not delivered", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("#", 2);
		const writer = await open("writer", version);
		await say(writer, publish("denied/a", "x", { qos: 2 }));
		await exactly(writer, 12, publish("allowed", "y"));
		await confirm(reader);
	}),
	...bothVersions("PUBACK for a message of QoS 2 ends the connection", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("mixed", 2);
		const writer = await open("writer", version);
		await exactly(writer, 1, publish("mixed", "x"));
		const [first] = await hear(reader);
		reader.send({ cmd: "puback", messageId: first?.messageId as number });
		await reader.untilClosed();
	}),
	...bothVersions("PUBREC for a message of QoS 1 ends the connection", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("mixed", 1);
		const writer = await open("writer", version);
		await say(writer, publish("mixed", "x", { qos: 1 }));
		const [first] = await hear(reader);
		reader.send({ cmd: "pubrec", messageId: first?.messageId as number });
		await reader.untilClosed();
	}),
	"PUBREC with a refusal ends the message": async ({ open }) => {
		const reader = await open("reader");
		await reader.subscribe("refused", 2);
		const writer = await open("writer");
		await exactly(writer, 1, publish("refused", "x"));
		const [first] = await hear(reader);
		await say(reader, { cmd: "pubrec", messageId: first?.messageId as number, reasonCode: 0x97 });
	},
	"the receive maximum counts until PUBCOMP": async ({ open }) => {
		const reader = await open("reader", 5, { properties: { receiveMaximum: 1 } });
		await reader.subscribe("window", 2);
		const writer = await open("writer");
		for (const [i, text] of ["1", "2", "3"].entries()) await exactly(writer, i + 1, publish("window", text));
		await confirm(reader);
	},
	"properties travel with QoS 2 as well": async ({ open }) => {
		const reader = await open("reader");
		await reader.subscribe("p", 2, { id: 4 });
		const writer = await open("writer");
		await exactly(writer, 1, publish("p", "x", { properties: { contentType: "text/plain", userProperties: { a: "b" } } }));
		await confirm(reader);
	},
};
