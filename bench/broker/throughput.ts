import type { Socket } from "node:net";
import { createFrameCounter } from "./frame-counter.ts";
import { frameRing, idAfterTopic } from "./frames.ts";
import { openClients, subscribe } from "./load-client.ts";

export interface ThroughputTask {
	port: number;
	publishers: number;
	subscribers: number;
	qos: 0 | 1;
	/** Subscribers with sessions that outlive their connection: what is acknowledged to publishers is on disk. */
	lasting: boolean;
	/** Of the payload. */
	bytes: number;
	seconds: number;
}

export interface Throughput {
	sent: number;
	/** Over all subscribers. */
	delivered: number;
	lost: number;
	/** Deliveries a second, from the first message sent to the last one received. */
	perSecond: number;
	/** The generator's own use of its core. */
	generatorPercent: number;
}

/** QoS 1 messages under way: a few publishers have many each, many have few. */
const windowOf = (publishers: number): number => Math.max(20, Math.floor(2000 / publishers));
/** Bytes written at once by each of a few publishers; many write ten messages at once. */
const burstBytes = 16_384;
const writesPerTurn = 4;
const silenceMs = 3000;

interface Publisher {
	socket: Socket;
	sent: number;
	acknowledged: number;
}

/** Publishers that say as much as their sockets (and windows) take for `seconds`, then silence until everything has arrived. */
export async function measureThroughput(task: ThroughputTask): Promise<Throughput> {
	const { publishers: count, qos, bytes } = task;
	const subscribers = await openClients(task.port, task.lasting ? "lasting" : "reader", task.subscribers, task.lasting);
	for (const socket of subscribers) await subscribe(socket, "bench/#", qos);
	let delivered = 0;
	let lastAt = 0;
	for (const socket of subscribers) {
		read(socket, qos, (messages) => {
			delivered += messages;
			lastAt = performance.now();
		});
	}
	const publishers = (await openClients(task.port, "writer", count)).map(
		(socket): Publisher => ({ socket, sent: 0, acknowledged: 0 }),
	);

	const window = windowOf(count);
	const rings = publishers.map((_, index) =>
		frameRing({ topic: `bench/line-${String(index).padStart(4, "0")}/temperature`, bytes, qos }, window),
	);
	const usage = process.cpuUsage();
	const beganAt = performance.now();
	const until = beganAt + task.seconds * 1000;
	let ended = 0;
	const { promise: allSaid, resolve } = Promise.withResolvers<void>();
	for (const [index, publisher] of publishers.entries())
		write(publisher, rings[index] as Buffer, { qos, window, many: count > 50, until }, () => ++ended === count && resolve());
	await allSaid;
	const sent = publishers.reduce((sum, publisher) => sum + publisher.sent, 0);
	const expected = sent * task.subscribers;
	while (delivered < expected && performance.now() - Math.max(lastAt, until) < silenceMs) await pause(10);
	const used = process.cpuUsage(usage);
	const elapsed = (lastAt - beganAt) / 1000;
	return {
		sent,
		delivered,
		lost: expected - delivered,
		perSecond: delivered / elapsed,
		generatorPercent: (used.user + used.system) / 10_000 / elapsed,
	};
}

/** Counts what comes; answers QoS 1 once a chunk. */
function read(socket: Socket, qos: 0 | 1, count: (messages: number) => void): void {
	let messages = 0;
	let answers = Buffer.allocUnsafe(4096);
	const take = createFrameCounter(qos === 0 ? 0 : 64, (bytes, start, body) => {
		if (((bytes[start] as number) & 0xf0) !== 0x30) return;
		if (qos === 1) {
			if ((messages + 1) * 4 > answers.length) answers = Buffer.concat([answers], answers.length * 2);
			const id = idAfterTopic(bytes, body);
			answers[messages * 4] = 0x40;
			answers[messages * 4 + 1] = 2;
			answers[messages * 4 + 2] = bytes[id] as number;
			answers[messages * 4 + 3] = bytes[id + 1] as number;
		}
		messages++;
	});
	socket.on("data", (chunk) => {
		messages = 0;
		take(chunk as Buffer);
		if (messages === 0) return;
		if (qos === 1) socket.write(Buffer.from(answers.subarray(0, messages * 4)));
		count(messages);
	});
}

function write(
	publisher: Publisher,
	ring: Buffer,
	{ qos, window, many, until }: { qos: 0 | 1; window: number; many: boolean; until: number },
	done: () => void,
): void {
	const { socket } = publisher;
	const frame = ring.length / window;
	const burst = many ? 10 : Math.max(1, Math.floor(burstBytes / frame));
	let at = 0;
	let scheduled = false;
	let ended = false;
	setTimeout(() => {
		ended = true;
		done();
	}, until - performance.now());
	const say = (): void => {
		scheduled = false;
		for (let writes = 0; writes < writesPerTurn && !ended; writes++) {
			if (socket.writableNeedDrain) return;
			const room = qos === 0 ? burst : window - (publisher.sent - publisher.acknowledged);
			const messages = Math.min(burst, room, window - at);
			if (messages <= 0) return;
			socket.write(ring.subarray(at * frame, (at + messages) * frame));
			publisher.sent += messages;
			at = (at + messages) % window;
		}
		soon();
	};
	const soon = (): void => {
		if (scheduled || ended) return;
		scheduled = true;
		// Reading has its turn too.
		setImmediate(say);
	};
	socket.on("drain", soon);
	let parts = 0;
	socket.on("data", (chunk: Buffer) => {
		if (qos === 0) return;
		parts += chunk.length;
		publisher.acknowledged += Math.floor(parts / 4);
		parts %= 4;
		soon();
	});
	say();
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
