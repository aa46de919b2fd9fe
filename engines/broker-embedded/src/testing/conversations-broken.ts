import type { Conversation } from "./conversations.ts";
import { bothVersions, connectWith, hear, publish, wrong, wrongFirst } from "./talk.ts";

/** What breaks the protocol, byte by byte. */
export const brokenConversations: Record<string, Conversation> = {
	...bothVersions("PUBREL with wrong flags ends the connection", (version) => wrong(version, 0x60, 2, 0, 1)),
	...bothVersions("UNSUBSCRIBE with wrong flags ends the connection", (version) =>
		wrong(version, 0xa0, ...(version === 5 ? [6, 0, 1, 0, 0, 1, 0x61] : [5, 0, 1, 0, 1, 0x61])),
	),
	...bothVersions("unsubscribing from nothing ends the connection", (version) =>
		wrong(version, 0xa2, ...(version === 5 ? [3, 0, 1, 0] : [2, 0, 1])),
	),
	...bothVersions("packet identifier 0 ends the connection", (version) =>
		wrong(version, 0x32, ...(version === 5 ? [6, 0, 1, 0x61, 0, 0, 0] : [5, 0, 1, 0x61, 0, 0])),
	),
	...bothVersions("SUBSCRIBE with identifier 0 ends the connection", (version) =>
		wrong(version, 0x82, ...(version === 5 ? [7, 0, 0, 0, 0, 1, 0x61, 0] : [6, 0, 0, 0, 1, 0x61, 0])),
	),
	...bothVersions("subscribing with QoS 3 ends the connection", (version) =>
		wrong(version, 0x82, ...(version === 5 ? [7, 0, 1, 0, 0, 1, 0x61, 3] : [6, 0, 1, 0, 1, 0x61, 3])),
	),
	...bothVersions("PUBLISH that ends before its identifier ends the connection", (version) =>
		wrong(version, 0x32, 3, 0, 1, 0x61),
	),
	...bothVersions("a topic with a null character ends the connection", (version) =>
		wrong(version, 0x30, ...(version === 5 ? [5, 0, 2, 0x61, 0, 0] : [4, 0, 2, 0x61, 0])),
	),
	...bothVersions("CONNACK from a client ends the connection", (version) =>
		wrong(version, 0x20, ...(version === 5 ? [3, 0, 0, 0] : [2, 0, 0])),
	),
	"reserved subscription options end the connection": wrong(5, 0x82, 7, 0, 1, 0, 0, 1, 0x61, 0xc0),
	"retain handling 3 ends the connection": wrong(5, 0x82, 7, 0, 1, 0, 0, 1, 0x61, 0x30),
	"subscription identifier 0 ends the connection": wrong(5, 0x82, 9, 0, 1, 2, 0x0b, 0, 0, 1, 0x61, 0),
	"a property given twice ends the connection": wrong(5, 0x30, 9, 0, 1, 0x61, 4, 0x01, 1, 0x01, 1, 0x78),
	"properties that end behind their packet end the connection": wrong(5, 0x30, 5, 0, 1, 0x61, 9, 0x78),
	"an alias above the maximum ends the connection": wrong(5, 0x30, 8, 0, 1, 0x61, 3, 0x23, 0xff, 0xff, 0x78),
	"AUTH without a method ends the connection": wrong(5, 0xf0, 0),
	"a goodbye with wrong flags ends the connection": wrong(5, 0xe1, 0),
	"receive maximum 0 is refused": wrongFirst(...connectWith(0x21, 0, 0)),
	"maximum packet size 0 is refused": wrongFirst(...connectWith(0x27, 0, 0, 0, 0)),
	"a property of CONNECT given twice is refused": wrongFirst(...connectWith(0x21, 0, 5, 0x21, 0, 6)),
	"a property that does not belong to CONNECT is refused": wrongFirst(...connectWith(0x23, 0, 5)),
	"a will of QoS 3 is not answered": wrongFirst(
		...[0x10, 20, 0, 4, ...Buffer.from("MQTT"), 4, 0x1e, 0, 60, 0, 1, 0x61, 0, 1, 0x77, 0, 1, 0x78, 0, 0],
	),
	"a password without a name is refused, 3.1.1": wrongFirst(
		...[0x10, 16, 0, 4, ...Buffer.from("MQTT"), 4, 0x42, 0, 60, 0, 1, 0x61, 0, 1, 0x70],
	),
	"an unknown way of authentication is refused": async ({ dial }) => {
		const client = await dial("client", 5);
		client.send({
			cmd: "connect",
			clientId: "auth",
			clean: true,
			keepalive: 60,
			protocolVersion: 5,
			properties: { authenticationMethod: "SCRAM-SHA-1" },
		});
		await client.untilClosed();
	},
	...bothVersions("publishing to a wildcard in the middle ends the connection", (version) => async ({ open }) => {
		const client = await open("client", version);
		client.send(publish("a/+/b", "x"));
		await client.untilClosed();
	}),
	...bothVersions("silence within the keep alive is no offence", (version) => async ({ open }) => {
		await hear(await open("client", version, { keepalive: 1 }));
	}),
};
