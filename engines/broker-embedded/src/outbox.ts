import type { Transport } from "./transport.ts";
import type { Turn } from "./turn.ts";

/** Bytes after which a turn's output does not wait for the end of the turn. */
const flushAt = 262_144;

/** Output of one client, collected during a turn of the event loop and written at once. */
export class Outbox {
	readonly #transport: Transport;
	readonly #turn: Turn;
	#frames: Buffer[] = [];
	#bytes = 0;
	#scheduled = false;
	#closed = false;

	readonly #written: () => void;

	constructor(transport: Transport, turn: Turn, written: () => void) {
		this.#written = written;
		this.#transport = transport;
		this.#turn = turn;
	}

	/** Bytes that have not reached the kernel. */
	get bytes(): number {
		return this.#bytes + this.#transport.bufferedBytes;
	}

	push(frame: Buffer): void {
		if (this.#closed) return;
		this.#frames.push(frame);
		this.#bytes += frame.length;
		if (this.#bytes > flushAt) this.#write();
		else if (!this.#scheduled) {
			this.#scheduled = true;
			this.#turn.flush(this);
		}
	}

	flush(): void {
		this.#scheduled = false;
		this.#write();
	}

	close(): void {
		this.#write();
		this.#closed = true;
	}

	#write(): void {
		const frames = this.#frames;
		if (frames.length === 0 || this.#closed) return;
		const first = frames[0] as Buffer;
		let bytes: Buffer;
		if (frames.length > 1) bytes = Buffer.concat(frames, this.#bytes);
		// What waits in the socket must not hold a whole read buffer alive for a small frame.
		else if (this.#transport.bufferedBytes > 0 && first.buffer.byteLength > first.length * 2 + 16_384) bytes = Buffer.from(first);
		else bytes = first;
		frames.length = 0;
		this.#bytes = 0;
		this.#transport.write(bytes, this.#written);
	}
}
