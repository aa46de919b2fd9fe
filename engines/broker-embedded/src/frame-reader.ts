import { ProtocolError, Reason } from "./reason-codes.ts";
import { readVarInt, varIntSize } from "./var-int.ts";

/** One whole packet: `bytes[start]` is its first byte, `body` the first after the fixed header, `end` is exclusive. */
export type TakePacket = (bytes: Buffer, start: number, body: number, end: number) => void;

/**
 * Cuts a byte stream into MQTT packets. An oversized packet is refused from its header, before its body is kept.
 * Parts are joined once, when the packet is whole, so that a large packet in small pieces costs linear time.
 */
export class FrameReader {
	/** Largest whole packet, fixed header included. */
	maxBytes: number;
	#parts: Buffer[] = [];
	#have = 0;
	#need = 0;

	constructor(maxBytes: number) {
		this.maxBytes = maxBytes;
	}

	/** Bytes kept of a packet that is not whole yet. */
	get pending(): number {
		return this.#have;
	}

	/** Hands on every packet that is whole now; stops early when `goOn` says no, and keeps the rest for the next call. */
	push(chunk: Buffer, take: TakePacket, goOn: () => boolean): void {
		let bytes = chunk;
		if (this.#have > 0) {
			this.#parts.push(chunk);
			this.#have += chunk.length;
			if (this.#have < this.#need) return;
			bytes = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts, this.#have);
			this.#parts = [];
			this.#have = 0;
		}
		let at = 0;
		while (at < bytes.length && goOn()) {
			const length = readVarInt(bytes, at + 1, bytes.length);
			if (length === -2) throw new ProtocolError(Reason.malformed, "The remaining length is longer than four bytes");
			if (length === -1) {
				this.#keep(bytes, at, bytes.length - at + 1);
				return;
			}
			const body = at + 1 + this.#lengthBytes(bytes, at + 1, length);
			const end = body + length;
			if (end - at > this.maxBytes)
				throw new ProtocolError(Reason.packetTooLarge, `A packet of ${end - at} bytes; the limit is ${this.maxBytes}`);
			if (end > bytes.length) {
				this.#keep(bytes, at, end - at);
				return;
			}
			take(bytes, at, body, end);
			at = end;
		}
		if (at < bytes.length) this.#keep(bytes, at, 0);
	}

	clear(): void {
		this.#parts = [];
		this.#have = 0;
	}

	/** A length may be written in more bytes than it needs. */
	#lengthBytes(bytes: Buffer, at: number, length: number): number {
		let size = varIntSize(length);
		while (((bytes[at + size - 1] as number) & 0x80) !== 0) size++;
		return size;
	}

	#keep(bytes: Buffer, at: number, need: number): void {
		const rest = bytes.subarray(at);
		// A few bytes must not hold a large read buffer alive.
		this.#parts.push(rest.length * 2 < rest.buffer.byteLength ? Buffer.from(rest) : rest);
		this.#have = rest.length;
		this.#need = need;
	}
}
