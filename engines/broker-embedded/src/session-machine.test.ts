import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClock, silentLog } from "@millwright/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createEmbeddedBroker, type EmbeddedBroker } from "./broker.ts";
import { everything } from "./testing/broker-for-test.ts";
import { FaithfulClient } from "./testing/faithful-client.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function start(folder: string): Promise<EmbeddedBroker> {
	const broker = createEmbeddedBroker({
		listen: { host: "127.0.0.1", port: 0 },
		authenticate: async ({ clientId }) => everything(clientId),
		clock: createClock(),
		log: silentLog,
		folder,
	});
	await broker.start();
	return broker;
}

/** The files as they are at this moment: what a process that is killed now leaves behind. */
function filesNow(from: string, to: string): void {
	mkdirSync(join(to, "journal"), { recursive: true });
	for (const name of readdirSync(join(from, "journal")))
		writeFileSync(join(to, "journal", name), readFileSync(join(from, "journal", name)));
}

const step = fc.oneof(
	{
		weight: 10,
		arbitrary: fc.record({
			kind: fc.constant("publish" as const),
			topic: fc.constantFrom("t/a", "t/b"),
			qos: fc.constantFrom<1 | 2>(1, 2),
			count: fc.integer({ min: 1, max: 6 }),
		}),
	},
	{ weight: 6, arbitrary: fc.record({ kind: fc.constant("reader answers" as const), count: fc.integer({ min: 1, max: 8 }) }) },
	{ weight: 6, arbitrary: fc.record({ kind: fc.constant("writer answers" as const), count: fc.integer({ min: 1, max: 8 }) }) },
	{ weight: 6, arbitrary: fc.record({ kind: fc.constant("wait" as const), turns: fc.integer({ min: 1, max: 12 }) }) },
	{ weight: 2, arbitrary: fc.constantFrom({ kind: "reader leaves" as const }, { kind: "writer leaves" as const }) },
	{ weight: 3, arbitrary: fc.constantFrom({ kind: "reader comes" as const }, { kind: "writer comes" as const }) },
	{ weight: 2, arbitrary: fc.constant({ kind: "kill" as const }) },
);

test("whatever clients do and whenever the broker dies: acknowledged is delivered, QoS 2 once, in order", {
	timeout: 120_000,
}, async () => {
	const root = mkdtempSync(join(tmpdir(), "broker-machine-"));
	let folders = 0;
	await fc.assert(
		fc.asyncProperty(
			fc.array(step, { minLength: 5, maxLength: 60 }),
			fc.constantFrom<4 | 5>(4, 5),
			fc.constantFrom<4 | 5>(4, 5),
			async (steps, writerVersion, readerVersion) => {
				let folder = join(root, String(++folders));
				let broker = await start(folder);
				const writer = new FaithfulClient("writer", writerVersion);
				const reader = new FaithfulClient("reader", readerVersion);
				const published: { topic: string; qos: 1 | 2; text: string }[] = [];
				await writer.open(broker.port);
				await reader.open(broker.port);
				await reader.subscribe("t/#", 2);
				for (const one of steps) {
					switch (one.kind) {
						case "publish":
							for (let i = 0; i < one.count && writer.sent.size < 40; i++) {
								const text = String(published.length);
								published.push({ topic: one.topic, qos: one.qos, text });
								writer.publish(one.topic, text, one.qos);
							}
							break;
						case "reader answers":
							reader.answer(one.count);
							break;
						case "writer answers":
							writer.answer(one.count);
							break;
						case "wait":
							for (let i = 0; i < one.turns; i++) await turn();
							break;
						case "reader leaves":
							reader.cut();
							break;
						case "writer leaves":
							writer.cut();
							break;
						case "reader comes":
							if (!reader.isConnected) await reader.open(broker.port);
							break;
						case "writer comes":
							if (!writer.isConnected) await writer.open(broker.port);
							break;
						case "kill": {
							writer.cut();
							reader.cut();
							const next = join(root, String(++folders));
							filesNow(folder, next);
							await broker.stop();
							folder = next;
							broker = await start(folder);
						}
					}
				}
				if (!reader.isConnected) await reader.open(broker.port);
				if (!writer.isConnected) await writer.open(broker.port);
				const waits = () => broker.clients().find(({ id }) => id === "reader")?.queuedMessages ?? 0;
				while (writer.sent.size > 0 || waits() > 0) {
					writer.answer();
					reader.answer();
					await turn();
				}
				reader.look();
				await broker.stop();

				const heard = (qos: 1 | 2, topic: string) =>
					reader.heard.filter((message) => message.qos === qos && message.topic === topic).map(({ text }) => text);
				for (const topic of ["t/a", "t/b"]) {
					const said = (qos: 1 | 2) =>
						published.filter((message) => message.qos === qos && message.topic === topic).map(({ text }) => text);
					expect(heard(2, topic)).toEqual(said(2));
					expect([...new Set(heard(1, topic))]).toEqual(said(1));
				}
				expect(writer.acknowledged).toHaveLength(published.length);
			},
		),
		{ numRuns: 60 },
	);
	rmSync(root, { recursive: true });
});
