import type { Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { brokerForTest } from "./testing/broker-for-test.ts";
import { RawClient, textOf } from "./testing/raw-client.ts";

const texts = (packets: readonly Packet[]): string[] => packets.filter(({ cmd }) => cmd === "publish").map(textOf);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function members(port: number, count: number, qos: 0 | 1 | 2 = 1, options: object = {}): Promise<RawClient[]> {
	const found: RawClient[] = [];
	for (let i = 0; i < count; i++) {
		const member = await RawClient.open(port, { clientId: `member-${i}`, ...options });
		await member.subscribe("$share/workers/jobs/#", qos);
		found.push(member);
	}
	return found;
}

test("each message goes to one member of a group, in turn; groups and plain subscribers do not disturb each other", async () => {
	await using broker = await brokerForTest();
	const [one, two, three] = (await members(broker.port, 3, 0)) as [RawClient, RawClient, RawClient];
	const other = await RawClient.open(broker.port);
	await other.subscribe("$share/others/jobs/#");
	await other.subscribe("jobs/+");
	for (let i = 0; i < 30; i++) broker.publish({ topic: `jobs/${i % 7}`, payload: Buffer.from(String(i)) });
	const got = [texts(await one.settled()), texts(await two.settled()), texts(await three.settled())];
	expect(got.map(({ length }) => length)).toEqual([10, 10, 10]);
	expect(new Set(got.flat()).size).toBe(30);
	expect(texts(await other.settled())).toHaveLength(60);
});

test("what a gone member had not acknowledged goes to the survivors; of QoS 2 only what it never got", async () => {
	await using broker = await brokerForTest();
	for (const qos of [1, 2] as const) {
		const [gone, survivor] = (await members(broker.port, 2, qos, { properties: { receiveMaximum: 3 } })) as [
			RawClient,
			RawClient,
		];
		for (let i = 0; i < 10; i++) broker.publish({ topic: "jobs/a", payload: Buffer.from(String(i)), qos });
		const before = texts(await gone.settled());
		expect(before).toHaveLength(3);
		gone.end();
		while (broker.clients().length > 1) await turn();
		const got: string[] = [];
		for (let quiet = false; !quiet; ) {
			const packets = await survivor.settled();
			got.push(...texts(packets));
			quiet = packets.length === 0;
			for (const packet of packets)
				if (packet.cmd === "publish" && qos === 1) survivor.send({ cmd: "puback", messageId: packet.messageId as number });
				else if (packet.cmd === "publish") survivor.send({ cmd: "pubrec", messageId: packet.messageId as number });
				else if (packet.cmd === "pubrel") survivor.send({ cmd: "pubcomp", messageId: packet.messageId as number });
		}
		expect(new Set(qos === 1 ? got : [...got, ...before])).toEqual(new Set(Array.from({ length: 10 }, (_, i) => String(i))));
		expect(got).toHaveLength(qos === 1 ? 10 : 7);
		survivor.end();
		while (broker.clients().length > 0) await turn();
	}
});

test("while no member is connected one that keeps its session is given what comes; a connected one is preferred", async () => {
	await using broker = await brokerForTest();
	const options = { clean: false, properties: { sessionExpiryInterval: 600 } };
	const [away] = (await members(broker.port, 1, 1, options)) as [RawClient];
	away.end();
	while (broker.clients().length > 0) await turn();
	broker.publish({ topic: "jobs/a", payload: Buffer.from("waits"), qos: 1 });
	const here = await RawClient.open(broker.port);
	await here.subscribe("$share/workers/jobs/#", 1);
	broker.publish({ topic: "jobs/a", payload: Buffer.from("now"), qos: 1 });
	expect(texts(await here.settled())).toEqual(["now"]);
	const back = await RawClient.open(broker.port, { clientId: "member-0", ...options });
	expect(texts(await back.settled())).toEqual(["waits"]);
});

test("a shared subscription gets nothing retained, is checked like any filter, and has no no-local", async () => {
	await using broker = await brokerForTest({
		authenticate: async () => ({
			principal: "p",
			mayPublish: () => true,
			maySubscribe: (filter) => !filter.startsWith("secret"),
			mayReceive: () => true,
		}),
	});
	broker.publish({ topic: "jobs/kept", payload: Buffer.from("x"), retain: true });
	const client = await RawClient.open(broker.port);
	const filters = ["$share/g/jobs/#", "$share/g/secret/#", "$share//a", "$share/g", "$share/+/a", "$share/g/"];
	client.send({ cmd: "subscribe", messageId: 1, subscriptions: filters.map((topic) => ({ topic, qos: 1 as const })) });
	expect(await client.settled()).toMatchObject([{ cmd: "suback", granted: [1, 0x87, 0x8f, 0x8f, 0x8f, 0x8f] }]);
	client.send({ cmd: "subscribe", messageId: 2, subscriptions: [{ topic: "$share/g/a", qos: 1, nl: true }] });
	expect(await client.next()).toMatchObject({ cmd: "disconnect", reasonCode: 0x82 });
});

test("unsubscribing leaves the group", async () => {
	await using broker = await brokerForTest();
	const [one, two] = (await members(broker.port, 2)) as [RawClient, RawClient];
	one.send({ cmd: "unsubscribe", messageId: 3, unsubscriptions: ["$share/workers/jobs/#"] });
	await one.settled();
	for (let i = 0; i < 4; i++) broker.publish({ topic: "jobs/a", payload: Buffer.from(String(i)) });
	expect(texts(await one.settled())).toEqual([]);
	expect(texts(await two.settled())).toHaveLength(4);
});
