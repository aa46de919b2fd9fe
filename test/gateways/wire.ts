import { deflateSync } from "node:zlib";
import {
	type EnvelopeEntry,
	type EnvelopeKind,
	encodeBatch,
	encodeEnvelope,
	openEnvelope,
	SampleBatchBuilder,
} from "@millwright/core";
import { connectAsync } from "mqtt";
import { isSignedWith, passwordOf, readKey, signWith, userOf } from "../../loop/2-namespace/src/gateways/keys.ts";
import { jsonBytes, ReceiptMessage, readJson } from "../../loop/2-namespace/src/gateways/link-messages.ts";
import { linkTopics } from "../../loop/2-namespace/src/gateways/topics.ts";

/** A batch of one tag whose values say their numbers. */
export function batchOf(
	first: number,
	count: number,
	about: { connection?: string; tag?: number; plus?: number } = {},
): Uint8Array {
	const builder = new SampleBatchBuilder(count);
	for (let at = 0; at < count; at++)
		builder.add(about.tag ?? 1, 1_795_000_000_000_000_000n + BigInt(first + at) * 1_000_000n, first + at + (about.plus ?? 0), 0);
	return encodeBatch(builder.take({ connection: about.connection ?? "press", first }));
}

export interface Signing {
	key?: string;
	gateway?: string;
	kind?: EnvelopeKind;
	dictionary?: number;
	epoch?: number;
	counter?: number;
	sentAtMs?: number;
}

/** A gateway taken to pieces: every byte it says is the test's to choose. */
export async function openWire({
	port,
	gateway = "gate-1",
	key,
	epoch = Date.now(),
	tags = ["plant/line-1/press/a", "plant/line-1/press/b"],
}: {
	port: number;
	gateway?: string;
	key: string;
	epoch?: number;
	tags?: string[];
}) {
	const own = readKey(key);
	const topics = linkTopics(gateway);
	const receipts: { receipt: ReceiptMessage; sentAtMs: number }[] = [];
	let counter = 0;
	const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
		protocolVersion: 5,
		clientId: `wire-${gateway}`,
		username: userOf(gateway),
		password: passwordOf(gateway, own),
		reconnectPeriod: 0,
	});
	client.on("error", () => {});
	client.on("message", (topic, bytes) => {
		const message = openEnvelope(bytes);
		const body =
			topic === topics.receipt && isSignedWith(own, message.signed, message.signature) && readJson(ReceiptMessage, message.body);
		if (body) receipts.push({ receipt: body, sentAtMs: message.sentAtMs });
	});
	await client.subscribeAsync([topics.receipt, topics.ask], { qos: 1 });

	function sign(body: Uint8Array | readonly EnvelopeEntry[], about: Signing = {}): Uint8Array {
		const signing = about.key === undefined ? own : readKey(about.key);
		return encodeEnvelope(
			{
				kind: about.kind ?? "batches",
				sentAtMs: about.sentAtMs ?? Date.now(),
				epoch: about.epoch ?? epoch,
				counter: about.counter ?? ++counter,
				dictionary: about.dictionary ?? 7,
				gateway: about.gateway ?? gateway,
				key: signing.id,
			},
			body,
			signWith(signing),
		);
	}
	const publish = async (topic: string, bytes: Uint8Array): Promise<void> =>
		void (await client.publishAsync(topic, Buffer.from(bytes), { qos: 1 }));

	return {
		topics,
		receipts,
		sign,
		publish,
		batches: (entries: readonly EnvelopeEntry[], about?: Signing) => publish(topics.batch, sign(entries, about)),
		tags: (names = tags, about: Signing = {}) =>
			publish(
				topics.tags,
				sign(
					deflateSync(
						jsonBytes({
							version: about.dictionary ?? 7,
							part: 0,
							parts: 1,
							tags: names.map((tag, at) => ({
								id: at + 1,
								tag,
								facts: {
									connection: "press",
									unit: "Cel",
									kind: "number",
									dataClass: "internal",
									device: "press",
									protocol: "test",
								},
							})),
						}),
					),
					{ kind: "tags", ...about },
				),
			),
		state: (body: Record<string, unknown> = {}, about: Signing = {}) =>
			publish(topics.state, sign(jsonBytes({ line: 1, version: "test", ...body }), { kind: "state", ...about })),
		close: () => client.endAsync(true),
		get isOpen(): boolean {
			return client.connected;
		},
	};
}
