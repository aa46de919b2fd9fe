import type { Conversation } from "./conversations.ts";
import { bothVersions, confirm, exactly, hear, lasting, lastingIn, publish, retained, say } from "./talk.ts";

const will = (topic: string, more: object = {}) => ({
	will: { topic, payload: Buffer.from("gone"), qos: 0 as const, retain: false, ...more },
});

const heardOne = (reader: { received: readonly { cmd?: string }[] }) => () =>
	reader.received.some(({ cmd }) => cmd === "publish");

/** Sessions, wills, subscriptions that change, and subscriptions that are shared. */
export const sessionConversations: Record<string, Conversation> = {
	...bothVersions("a clean start forgets subscriptions and what waited", (version) => async ({ open }) => {
		const before = await open("before", version, { clientId: `fresh-${version}`, ...lastingIn(version) });
		await before.subscribe("f", 1);
		before.send({ cmd: "disconnect", reasonCode: 0 });
		await before.untilClosed();
		const writer = await open("writer", version);
		await say(writer, publish("f", "waits", { qos: 1 }));
		const after = await open("after", version, { clientId: `fresh-${version}`, clean: true });
		await say(writer, publish("f", "unheard", { qos: 1 }));
		await hear(after);
	}),
	...bothVersions("who takes over has the session", (version) => async ({ open }) => {
		const first = await open("first", version, { clientId: `over-${version}`, ...lastingIn(version) });
		await first.subscribe("o", 1);
		const second = await open("second", version, { clientId: `over-${version}`, ...lastingIn(version) });
		await first.untilClosed();
		const writer = await open("writer", version);
		await say(writer, publish("o", "x", { qos: 1 }));
		await confirm(second);
	}),
	...bothVersions("taking over publishes the will of the one before", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("will/over");
		const first = await open("first", version, { clientId: "willing", ...will("will/over") });
		await open("second", version, { clientId: "willing" });
		await first.untilClosed();
		await reader.until(heardOne(reader));
		await hear(reader);
	}),
	...bothVersions("a subscription that lasts keeps its QoS", (version) => async ({ open }) => {
		const before = await open("before", version, { clientId: `keeper-${version}`, ...lastingIn(version) });
		await before.subscribe("k/0", 0);
		await before.subscribe("k/1", 1);
		await before.subscribe("k/2", 2);
		before.end();
		const after = await open("after", version, { clientId: `keeper-${version}`, ...lastingIn(version) });
		const writer = await open("writer", version);
		for (const topic of ["k/0", "k/1", "k/2"]) await exactly(writer, 3, publish(topic, topic));
		await confirm(after);
	}),
	"a subscription that lasts keeps its options and identifier": async ({ open }) => {
		const before = await open("before", 5, { clientId: "keeper-of-options", ...lasting });
		await before.subscribe("k", 1, { id: 7, nl: true, rap: true });
		before.end();
		const after = await open("after", 5, { clientId: "keeper-of-options", ...lasting });
		const writer = await open("writer");
		await say(after, publish("k", "mine"));
		await say(writer, retained("k", "theirs", 1));
		await confirm(after);
	},
	...bothVersions("subscribing again changes the QoS", (version) => async ({ open }) => {
		const client = await open("client", version);
		const writer = await open("writer", version);
		await client.subscribe("change", 0);
		await client.subscribe("change", 2);
		await exactly(writer, 1, publish("change", "two"));
		await confirm(client);
		await client.subscribe("change", 0);
		await exactly(writer, 2, publish("change", "none"));
		await confirm(client);
	}),
	...bothVersions("unsubscribing twice is answered twice", (version) => async ({ open }) => {
		const client = await open("client", version);
		await client.subscribe("u", 1);
		for (const messageId of [5, 6]) await say(client, { cmd: "unsubscribe", messageId, unsubscriptions: ["u"] });
	}),
	...bothVersions("what was under way before unsubscribing is still confirmed", (version) => async ({ open }) => {
		const client = await open("client", version);
		await client.subscribe("u", 1);
		const writer = await open("writer", version);
		await say(writer, publish("u", "x", { qos: 1 }));
		const [first] = await hear(client);
		await say(client, { cmd: "unsubscribe", messageId: 5, unsubscriptions: ["u"] });
		await say(client, { cmd: "puback", messageId: first?.messageId as number });
	}),
	"a session of longest expiry lasts": async ({ open }) => {
		const options = { clientId: "eternal", clean: false, properties: { sessionExpiryInterval: 0xffff_ffff } };
		(await open("before", 5, options)).end();
		await open("after", 5, options);
	},
	"a goodbye can prolong the session": async ({ open }) => {
		const before = await open("before", 5, { clientId: "prolonged", ...lasting });
		await before.subscribe("p", 1);
		before.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 600 } });
		await before.untilClosed();
		await open("after", 5, { clientId: "prolonged", clean: false });
	},
	...bothVersions("a will may be empty", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("will/empty");
		(await open("client", version, will("will/empty", { payload: Buffer.alloc(0) }))).end();
		await reader.until(heardOne(reader));
		await hear(reader);
	}),
	...bothVersions("a will for a topic one may not write is not published", (version) => async ({ open }) => {
		const reader = await open("reader", version);
		await reader.subscribe("#");
		(await open("client", version, will("denied/will"))).end();
		(await open("other", version, will("allowed/will"))).end();
		await reader.until(heardOne(reader));
		await hear(reader);
	}),
	...bothVersions("a will of QoS 1 waits for a sleeper", (version) => async ({ open }) => {
		const before = await open("before", version, { clientId: `mourner-${version}`, ...lastingIn(version) });
		await before.subscribe("will/waits", 1);
		before.send({ cmd: "disconnect", reasonCode: 0 });
		await before.untilClosed();
		const witness = await open("witness", version);
		await witness.subscribe("will/waits", 0);
		(await open("client", version, will("will/waits", { qos: 1 }))).end();
		await witness.until(heardOne(witness));
		const after = await open("after", version, { clientId: `mourner-${version}`, ...lastingIn(version) });
		await confirm(after);
	}),
	"a delayed will is not published when the client is back": async ({ open }) => {
		const reader = await open("reader");
		await reader.subscribe("will/back");
		const options = { clientId: "returning", clean: false, properties: { sessionExpiryInterval: 600 } };
		(await open("client", 5, { ...options, ...will("will/back", { properties: { willDelayInterval: 300 } }) })).end();
		const again = await open("again", 5, options);
		again.send({ cmd: "disconnect", reasonCode: 0 });
		await again.untilClosed();
		await hear(reader);
	},
	"a will expires like any message": async ({ open }) => {
		const reader = await open("reader");
		await reader.subscribe("will/expiry");
		(await open("client", 5, will("will/expiry", { properties: { messageExpiryInterval: 60 } }))).end();
		await reader.until(heardOne(reader));
		await hear(reader);
	},

	...bothVersions("a shared subscription with one member gets everything", (version) => async ({ open }) => {
		const member = await open("member", version);
		await member.subscribe("$share/alone/s/#", 1);
		const writer = await open("writer", version);
		for (const topic of ["s", "s/a", "s/b/c", "other"]) await say(writer, publish(topic, topic, { qos: 1 }));
		await confirm(member);
	}),
	...bothVersions("groups and plain subscriptions do not disturb each other", (version) => async ({ open }) => {
		const both = await open("both", version);
		await both.subscribe("$share/one/s");
		const other = await open("other", version);
		await other.subscribe("$share/two/s");
		const plain = await open("plain", version);
		await plain.subscribe("s");
		const writer = await open("writer", version);
		await say(writer, publish("s", "x"), publish("s", "y"));
		for (const client of [both, other, plain]) await hear(client);
	}),
	...bothVersions("leaving a shared subscription ends it", (version) => async ({ open }) => {
		const member = await open("member", version);
		await member.subscribe("$share/g/s");
		await say(member, { cmd: "unsubscribe", messageId: 5, unsubscriptions: ["$share/g/s"] }, publish("s", "unheard"));
		await say(member, { cmd: "unsubscribe", messageId: 6, unsubscriptions: ["$share/g/s"] });
	}),
	...bothVersions("a shared subscription that lasts gets what it missed", (version) => async ({ open }) => {
		const before = await open("before", version, { clientId: `sharer-${version}`, ...lastingIn(version) });
		await before.subscribe(`$share/lasting/${version}`, 1);
		before.send({ cmd: "disconnect", reasonCode: 0 });
		await before.untilClosed();
		const writer = await open("writer", version);
		await say(writer, publish(String(version), "x", { qos: 1 }));
		const after = await open("after", version, { clientId: `sharer-${version}`, ...lastingIn(version) });
		await confirm(after);
	}),
	"a shared subscription has an identifier like any other": async ({ open }) => {
		const member = await open("member");
		await member.subscribe("$share/identified/id/s", 0, { id: 12 });
		await say(member, publish("id/s", "x"));
	},
};
