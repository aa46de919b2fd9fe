import { randomUUID } from "node:crypto";
import { deflateSync } from "node:zlib";
import { type EnvelopeEntry, encodeBatch, encodeEnvelope, openEnvelope, type SampleBatch, type Sign } from "@millwright/core";
import { connect } from "mqtt";
import {
	type GatewayKey,
	isSignedWith,
	passwordOf,
	readKey,
	signWith,
	userOf,
} from "../../loop/2-namespace/src/gateways/keys.ts";
import { jsonBytes, ReceiptMessage, readJson, type TagsMessage } from "../../loop/2-namespace/src/gateways/link-messages.ts";
import { linkTopics } from "../../loop/2-namespace/src/gateways/topics.ts";

/** A gateway reduced to its wire: batches signed before the clock runs, sent as fast as receipts allow. */
export interface Shape {
	gateway: string;
	key: string;
	port: number;
	connections: number;
	/** Values a batch, one of each tag of the connection. */
	tags: number;
	batchesPerMessage: number;
	/** Rows that may be unconfirmed. */
	window: number;
}

export const tagName = (connection: number, tag: number): string =>
	`plant/line-${connection % 10}/machine-${connection}/signal-${String(tag).padStart(3, "0")}`;
export const connectionName = (connection: number): string => `machine-${connection}`;

const dictionary = 4711;

/** A slow wave with noise, as a sensor of single precision gives it. */
export function batchOf(connection: number, tags: number, round: number, startMs: number): SampleBatch {
	const time = BigInt(Math.round(startMs)) * 1_000_000n + BigInt(round) * 1_000_000n;
	const values = new Float64Array(tags);
	for (let tag = 0; tag < tags; tag++) {
		const noise = (((round * 7919 + tag * 104_729 + connection * 31) % 1000) - 500) / 1000;
		values[tag] = Math.fround(50 + 20 * Math.sin((round + tag) / 50) + noise);
	}
	return {
		connection: connectionName(connection),
		first: round * tags,
		last: (round + 1) * tags - 1,
		historical: false,
		readAtMs: Number.NaN,
		length: tags,
		tags: Uint32Array.from({ length: tags }, (_, tag) => connection * tags + tag + 1),
		times: new BigInt64Array(tags).fill(time),
		values,
		quality: new Uint8Array(tags),
		texts: new Map(),
	};
}

export function prepare(shape: Shape, rounds: number, startMs: number): { messages: Buffer[]; rows: number[]; bytes: number } {
	const key = readKey(shape.key);
	const sign = signWith(key);
	const messages: Buffer[] = [];
	const rows: number[] = [];
	let entries: EnvelopeEntry[] = [];
	let counter = 1000;
	let bytes = 0;
	const flush = (): void => {
		if (entries.length === 0) return;
		const message = encodeEnvelope(head(shape, key, "batches", ++counter), entries, sign);
		messages.push(Buffer.from(message.buffer, message.byteOffset, message.length));
		rows.push(entries.length * shape.tags);
		bytes += message.length;
		entries = [];
	};
	for (let round = 0; round < rounds; round++)
		for (let connection = 0; connection < shape.connections; connection++) {
			const after = round === 0 ? -1 : round * shape.tags - 1;
			entries.push({ lane: "live", after, bytes: encodeBatch(batchOf(connection, shape.tags, round, startMs)) });
			if (entries.length >= shape.batchesPerMessage) flush();
		}
	flush();
	return { messages, rows, bytes };
}

export const epoch = Date.now();

const head = (shape: Shape, key: GatewayKey, kind: "batches" | "tags" | "state", counter: number) => ({
	kind,
	sentAtMs: Date.now(),
	epoch,
	counter,
	dictionary,
	gateway: shape.gateway,
	key: key.id,
});

export async function openGateway(shape: Shape) {
	const key = readKey(shape.key);
	const sign: Sign = signWith(key);
	const topics = linkTopics(shape.gateway);
	let counter = 0;
	let confirmed = 0;
	let receiptsHeard = 0;
	let wake: () => void = () => {};
	const greeted = Promise.withResolvers<void>();
	const client = connect(`mqtt://127.0.0.1:${shape.port}`, {
		protocolVersion: 5,
		clientId: `${userOf(shape.gateway)}-${randomUUID()}`,
		username: userOf(shape.gateway),
		password: passwordOf(shape.gateway, key),
		reconnectPeriod: 0,
	});
	client.on("message", (topic, payload) => {
		if (topic !== topics.receipt) return;
		const message = openEnvelope(payload);
		if (!isSignedWith(key, message.signed, message.signature)) throw new Error("a receipt is not signed by the centre");
		const receipt = readJson(ReceiptMessage, message.body);
		if (!receipt || receipt.epoch !== epoch) return;
		receiptsHeard++;
		if (receipt.hello && receipt.dictionary === dictionary) greeted.resolve();
		if (!receipt.hello)
			for (const ranges of Object.values(receipt.stored)) for (const [first, last] of ranges) confirmed += last - first + 1;
		wake();
	});
	await new Promise<void>((resolve, reject) => {
		client.once("connect", () => resolve());
		client.once("error", reject);
	});
	await client.subscribeAsync(topics.receipt, { qos: 1 });
	const tags: TagsMessage["tags"] = [];
	for (let connection = 0; connection < shape.connections; connection++)
		for (let tag = 0; tag < shape.tags; tag++)
			tags.push({
				id: connection * shape.tags + tag + 1,
				tag: tagName(connection, tag),
				facts: {
					connection: connectionName(connection),
					unit: "Cel",
					kind: "number",
					dataClass: "internal",
					device: connectionName(connection),
					protocol: "modbus",
				},
			});
	const parts = Math.ceil(tags.length / 2000);
	for (let part = 0; part < parts; part++)
		await client.publishAsync(
			topics.tags,
			Buffer.from(
				encodeEnvelope(
					head(shape, key, "tags", ++counter),
					deflateSync(jsonBytes({ version: dictionary, part, parts, tags: tags.slice(part * 2000, (part + 1) * 2000) })),
					sign,
				),
			),
			{ qos: 1 },
		);
	const beat = (hello: boolean) =>
		client.publish(
			topics.state,
			Buffer.from(encodeEnvelope(head(shape, key, "state", ++counter), jsonBytes({ hello, line: 1, version: "bench" }), sign)),
			{ qos: 1 },
		);
	beat(true);
	const beating = setInterval(() => beat(false), 2000);
	await greeted.promise;

	return {
		confirmed: () => confirmed,
		receipts: () => receiptsHeard,
		/** Sends until the messages or the time end; answers with the rows sent, once the socket has taken them. */
		async send(
			messages: readonly Buffer[],
			rows: readonly number[],
			{ seconds = Number.POSITIVE_INFINITY } = {},
		): Promise<number> {
			const until = performance.now() + seconds * 1000;
			let sent = 0;
			for (const [at, message] of messages.entries()) {
				while (sent - confirmed > shape.window)
					await new Promise<void>((resolve) => {
						wake = resolve;
					});
				if (performance.now() > until) break;
				client.publish(topics.batch, message, { qos: 1 });
				sent += rows[at] as number;
				if (client.stream.writableNeedDrain) await new Promise<void>((resolve) => client.stream.once("drain", () => resolve()));
				else if (at % 4 === 3) await new Promise<void>((resolve) => setImmediate(resolve));
			}
			return sent;
		},
		async confirmedAll(rows: number, withinMs = 60_000): Promise<boolean> {
			const late = performance.now() + withinMs;
			while (confirmed < rows && performance.now() < late)
				await new Promise<void>((resolve) => {
					wake = resolve;
					setTimeout(resolve, 100);
				});
			return confirmed >= rows;
		},
		async close(): Promise<void> {
			clearInterval(beating);
			await client.endAsync();
		},
	};
}
