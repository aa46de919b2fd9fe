import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type BrokerChild, startBrokerChild } from "./testing/broker-child.ts";
import { FaithfulClient } from "./testing/faithful-client.ts";
import { RawClient, textOf } from "./testing/raw-client.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

function newFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "broker-killed-"));
	ends.push(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("killed under load again and again: what was acknowledged is delivered, QoS 2 once, each topic in order", {
	timeout: 90_000,
}, async () => {
	const folder = newFolder();
	let child = await startBrokerChild(folder);
	ends.push(() => child.kill());
	const writers = [new FaithfulClient("writer-4", 4), new FaithfulClient("writer-5", 5)];
	const reader = new FaithfulClient("reader", 5);
	const connect = async (): Promise<void> => {
		for (const client of [...writers, reader]) await client.open(child.port);
	};
	await connect();
	await reader.subscribe("load/#", 2);
	const published: string[] = [];
	const kills = 4;
	for (let round = 0; round <= kills; round++) {
		const until = published.length + 400;
		const killAt = until - 50 - round * 37;
		while (published.length < until) {
			for (const [i, writer] of writers.entries()) {
				writer.answer();
				if (writer.sent.size >= 20) continue;
				const text = String(published.length);
				published.push(text);
				writer.publish(`load/${i}`, text, published.length % 3 === 0 ? 1 : 2);
			}
			reader.answer();
			if (round < kills && published.length >= killAt) break;
			await turn();
		}
		if (round === kills) break;
		await child.kill();
		for (const client of [...writers, reader]) client.cut();
		child = await startBrokerChild(folder);
		await connect();
	}
	const waits = async (): Promise<number> => (await child.tell()).queued.find(([id]) => id === "reader")?.[1] ?? 0;
	while (writers.some(({ sent }) => sent.size > 0) || (await waits()) > 0) {
		for (const client of [...writers, reader]) client.answer();
		await turn();
	}
	reader.look();
	const heard = (topic: string, qos: 1 | 2) =>
		reader.heard.filter((message) => message.topic === topic && message.qos === qos).map(({ text }) => Number(text));
	for (const topic of ["load/0", "load/1"]) {
		const once = heard(topic, 2);
		expect(once).toEqual([...new Set(once)].sort((a, b) => a - b));
		const atLeastOnce = [...new Set(heard(topic, 1))];
		expect(atLeastOnce).toEqual(atLeastOnce.toSorted((a, b) => a - b));
	}
	expect(new Set(reader.heard.map(({ text }) => text))).toEqual(new Set(published));
});

/** A file system of its own for one process; it goes with the process. */
const alone = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
const onSmallDisk = (folder: string): string[] => [
	"unshare",
	...alone,
	...["sh", "-c", 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"', folder],
];

test("a full disk: nothing durable is promised, the rest goes on, it is said, and with room everything is as before", async ({
	skip,
}) => {
	const folder = newFolder();
	const around = onSmallDisk(folder);
	if (spawnSync(around[0] as string, [...around.slice(1), "true"]).status !== 0)
		skip("this machine gives a test no file system of its own (unshare, tmpfs)");
	const child: BrokerChild = await startBrokerChild(folder, 0, around);
	ends.push(() => child.kill());
	const sleeper = await RawClient.open(child.port, {
		clientId: "sleeper",
		clean: false,
		properties: { sessionExpiryInterval: 600 },
	});
	await sleeper.subscribe("kept", 1);
	sleeper.end();
	const writer = await RawClient.open(child.port);
	const old = await RawClient.open(child.port, { version: 4 });
	let id = 0;
	const publish = (topic: string, payload: string | Buffer, retain = false) =>
		({ cmd: "publish", topic, payload, qos: 1, messageId: ++id, dup: false, retain }) as const;
	writer.send(publish("kept", "before"));
	expect(await writer.next()).toMatchObject({ cmd: "puback", reasonCode: 0 });

	await child.tell("fill");
	// The log may have room to the end of its page; more than that is refused.
	const first = publish("kept", Buffer.alloc(100_000, "x"));
	writer.send(first);
	for (let health = (await child.tell()).health; health.state === "good"; health = (await child.tell()).health) await turn();
	expect((await child.tell()).health).toMatchObject({
		state: "failing",
		reason: expect.stringMatching(/cannot be kept.*ENOSPC/),
	});
	// Behind the answer that is owed; nobody is told what is not so.
	writer.send(publish("kept", "refused"));
	old.send(publish("kept", "refused without a word"));
	await old.untilClosed();
	expect(old.received).toHaveLength(1);
	expect(writer.received).toHaveLength(2);
	const plain = await RawClient.open(child.port);
	await plain.subscribe("passing", 1);
	plain.send(publish("passing", "still works"));
	const got = await plain.settled();
	expect(got.map(({ cmd }) => cmd).sort()).toEqual(["puback", "publish"]);
	plain.send(publish("retained", "x", true));
	plain.send({ cmd: "subscribe", messageId: 9, subscriptions: [{ topic: "free", qos: 1 }] });
	expect(await plain.settled()).toMatchObject([
		{ cmd: "puback", reasonCode: 0x97, properties: { reasonString: expect.stringContaining("ENOSPC") } },
		{ cmd: "suback", granted: [1] },
	]);

	await child.tell("free");
	// What was owed is answered now, and what was refused may come again.
	expect(await writer.next()).toMatchObject({ cmd: "puback", messageId: first.messageId, reasonCode: 0 });
	expect(await writer.next()).toMatchObject({ cmd: "puback", reasonCode: 0x97 });
	expect((await child.tell()).health).toEqual({ state: "good" });
	writer.send(publish("kept", "after"));
	expect(await writer.next()).toMatchObject({ cmd: "puback", reasonCode: 0 });
	const back = await RawClient.open(child.port, {
		clientId: "sleeper",
		clean: false,
		properties: { sessionExpiryInterval: 600 },
	});
	await back.until(() => back.received.length >= 4);
	expect([...back.received.slice(1)].map((packet) => textOf(packet).slice(0, 6))).toEqual(["before", "xxxxxx", "after"]);
});
