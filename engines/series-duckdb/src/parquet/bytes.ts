/** Bytes written one after the other; grows by doubling. */
export class ByteWriter {
	#bytes: Buffer;
	#view: DataView;
	length = 0;

	constructor(capacity = 256) {
		this.#bytes = Buffer.allocUnsafeSlow(capacity);
		this.#view = new DataView(this.#bytes.buffer);
	}

	#room(more: number): void {
		if (this.length + more <= this.#bytes.length) return;
		const wider = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.length + more));
		this.#bytes.copy(wider, 0, 0, this.length);
		this.#bytes = wider;
		this.#view = new DataView(wider.buffer);
	}

	byte(value: number): void {
		this.#room(1);
		this.#bytes[this.length++] = value;
	}

	bytes(value: Uint8Array): void {
		this.#room(value.length);
		this.#bytes.set(value, this.length);
		this.length += value.length;
	}

	uint32(value: number): void {
		this.#room(4);
		this.#view.setUint32(this.length, value, true);
		this.length += 4;
	}

	/** ULEB128; whole numbers below 2^53. */
	varint(value: number): void {
		let rest = value;
		while (rest >= 128) {
			this.byte((rest % 128) | 128);
			rest = Math.floor(rest / 128);
		}
		this.byte(rest);
	}

	varBigint(value: bigint): void {
		let rest = value;
		while (rest >= 128n) {
			this.byte(Number(rest & 127n) | 128);
			rest >>= 7n;
		}
		this.byte(Number(rest));
	}

	zigzag(value: number): void {
		this.varint(value < 0 ? -2 * value - 1 : 2 * value);
	}

	zigzagBigint(value: bigint): void {
		this.varBigint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
	}

	/** A copy of what was written. */
	take(): Buffer {
		return Buffer.from(this.#bytes.subarray(0, this.length));
	}
}

/** Reads what ByteWriter writes. Past the end it reads zeros, so that damaged bytes end in wrong numbers, never in a loop. */
export class ByteReader {
	readonly bytes: Uint8Array;
	at: number;

	constructor(bytes: Uint8Array, at = 0) {
		this.bytes = bytes;
		this.at = at;
	}

	byte(): number {
		return this.bytes[this.at++] ?? 0;
	}

	varint(): number {
		let value = 0;
		let scale = 1;
		for (;;) {
			const byte = this.byte();
			value += (byte & 127) * scale;
			if (byte < 128) return value;
			scale *= 128;
		}
	}

	varBigint(): bigint {
		let value = 0n;
		let shift = 0n;
		for (;;) {
			const byte = this.byte();
			value |= BigInt(byte & 127) << shift;
			if (byte < 128) return value;
			shift += 7n;
		}
	}

	zigzag(): number {
		const value = this.varint();
		return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
	}

	zigzagBigint(): bigint {
		const value = this.varBigint();
		return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
	}
}
