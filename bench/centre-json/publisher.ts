import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createFrameCounter } from "../broker/frame-counter.ts";
import { type Template, template, writeMessage } from "./documents.ts";

export interface PublisherTask {
	port: number;
	clientId: string;
	user?: string;
	password?: string;
	qos: 0 | 1;
	/** Numbers of its topics. */
	topics: readonly number[];
	/** Unacknowledged messages at once, with QoS 1. */
	window: number;
}

const chunkBytes = 65_536;
const text = (value: string): Buffer => {
	const bytes = Buffer.from(value);
	return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};

function connectFrame({ clientId, user, password }: PublisherTask): Buffer {
	const flags = 2 | (user === undefined ? 0 : 128) | (password === undefined ? 0 : 64);
	const body = Buffer.concat([
		text("MQTT"),
		Buffer.from([5, flags, 1, 44, 0]),
		text(clientId),
		user === undefined ? Buffer.alloc(0) : text(user),
		password === undefined ? Buffer.alloc(0) : text(password),
	]);
	return Buffer.concat([Buffer.from([0x10, (body.length % 128) | 128, Math.floor(body.length / 128)]), body]);
}

/** One connection that publishes its topics in turn, as fast as it is read (QoS 0) or acknowledged (QoS 1). */
export class Publisher {
	sent = 0;
	acknowledged = 0;
	refused = 0;
	/** Messages by topic number. */
	readonly counts: Map<number, number>;
	readonly #task: PublisherTask;
	readonly #templates: Template[];
	readonly #chunk: Buffer[] = [];
	#socket: Socket | undefined;
	#next = 0;
	#packetId = 0;
	#running = false;
	#writing = false;
	#credits = Number.POSITIVE_INFINITY;
	#millisecond = 0;
	#second = Buffer.alloc(0);
	#inMillisecond = 0;

	constructor(task: PublisherTask) {
		this.#task = task;
		this.#templates = task.topics.map((index) => template(index, task.qos));
		this.counts = new Map(task.topics.map((index) => [index, 0]));
	}

	async open(): Promise<void> {
		const socket = connect({ port: this.#task.port, host: "127.0.0.1", noDelay: true });
		this.#socket = socket;
		socket.on("error", (error) => {
			console.error(`${this.#task.clientId}: ${error.message}`);
			process.exit(1);
		});
		socket.once("close", () => {
			if (this.#running) console.error(`${this.#task.clientId} was cut off`);
		});
		await once(socket, "connect");
		socket.write(connectFrame(this.#task));
		const [answer] = (await once(socket, "data")) as [Buffer];
		if (answer[0] !== 0x20 || answer[3] !== 0) throw new Error(`${this.#task.clientId} was refused with ${answer[3]}`);
		const took = createFrameCounter(3, (bytes, start, body) => {
			if (bytes[start] === 0xe0) console.error(`${this.#task.clientId} was sent away with ${bytes[body]}`);
			if (bytes[start] !== 0x40) return;
			this.acknowledged++;
			if (body - start === 2 && (bytes[start + 1] as number) > 2 && (bytes[body + 2] as number) >= 128) this.refused++;
		});
		socket.on("data", (bytes: Buffer) => {
			took(bytes);
			if (this.#running) this.#write();
		});
	}

	start(most = Number.POSITIVE_INFINITY): void {
		this.#running = true;
		this.#credits = most;
		this.#write();
	}

	stop(): void {
		this.#running = false;
	}

	get isDone(): boolean {
		return !this.#writing && (this.#task.qos === 0 || this.acknowledged === this.sent);
	}

	end(): void {
		this.#socket?.end(Buffer.from([0xe0, 0]));
	}

	#write(): void {
		if (this.#writing) return;
		const socket = this.#socket as Socket;
		while (this.#running && this.#credits > 0) {
			const open =
				this.#task.qos === 0 ? this.#credits : Math.min(this.#credits, this.#task.window - (this.sent - this.acknowledged));
			// A few at a time would be a system call each.
			if (open <= 0 || (this.#task.qos === 1 && open < this.#task.window / 8 && this.#credits > open)) return;
			const bytes = this.#fill(open);
			const taken = socket.write(bytes, () => this.#chunk.push(bytes.buffer === undefined ? bytes : Buffer.from(bytes.buffer)));
			if (taken) continue;
			this.#writing = true;
			socket.once("drain", () => {
				this.#writing = false;
				this.#write();
			});
			return;
		}
	}

	#fill(most: number): Buffer {
		const chunk = this.#chunk.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
		this.#tick();
		let at = 0;
		let left = most;
		while (left-- > 0) {
			const from = this.#templates[this.#next] as Template;
			if (at + from.frame.length > chunkBytes) break;
			const index = this.#task.topics[this.#next] as number;
			const count = this.counts.get(index) as number;
			if (this.#task.qos > 0) this.#packetId = this.#packetId === 65_535 ? 1 : this.#packetId + 1;
			const nanos = (this.#millisecond % 1000) * 1_000_000 + this.#inMillisecond++;
			at = writeMessage(chunk, at, from, { second: this.#second, nanos, count, packetId: this.#packetId });
			this.counts.set(index, count + 1);
			this.#next = this.#next + 1 === this.#templates.length ? 0 : this.#next + 1;
			this.sent++;
			this.#credits--;
		}
		return chunk.subarray(0, at);
	}

	#tick(): void {
		const now = Date.now();
		if (now === this.#millisecond) return;
		this.#millisecond = now;
		this.#inMillisecond = 0;
		this.#second = Buffer.from(new Date(now).toISOString().slice(0, 19));
	}
}
