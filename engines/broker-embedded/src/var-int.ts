/** Bytes of a variable byte integer. Source: MQTT 5 §1.5.5. */
export const varIntSize = (value: number): number => (value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4);

/** Writes it and returns the position behind. */
export function writeVarInt(to: Buffer, at: number, value: number): number {
	let rest = value;
	let position = at;
	while (rest > 127) {
		to[position++] = (rest & 0x7f) | 0x80;
		rest >>>= 7;
	}
	to[position++] = rest;
	return position;
}

/** The value at `at`; -1 where the bytes end too early, -2 where it is longer than four bytes. */
export function readVarInt(from: Uint8Array, at: number, end: number): number {
	let value = 0;
	for (let i = 0; i < 4; i++) {
		if (at + i >= end) return -1;
		const byte = from[at + i] as number;
		value += (byte & 0x7f) * 128 ** i;
		if (byte < 128) return value;
	}
	return -2;
}
