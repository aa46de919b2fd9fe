/** `head` holds the packet's first bytes, from its fixed header to (for a PUBLISH) `keep` bytes behind it. */
export type OnPacket = (head: Buffer, start: number, body: number) => void;

/** Walks packets without copying payloads; only what `onPacket` looks at must be in one piece. */
export function createFrameCounter(keep: number, onPacket: OnPacket): (chunk: Buffer) => void {
	let skip = 0;
	let carried: Buffer | undefined;
	return (piece) => {
		let chunk = piece;
		let at = 0;
		if (skip > 0) {
			const past = Math.min(skip, chunk.length);
			skip -= past;
			at = past;
		}
		if (carried !== undefined) {
			chunk = Buffer.concat([carried, chunk]);
			carried = undefined;
		}
		while (at < chunk.length) {
			let body = at + 1;
			let length = 0;
			let shift = 1;
			let whole = false;
			while (body < chunk.length) {
				const byte = chunk[body++] as number;
				length += (byte & 127) * shift;
				shift *= 128;
				if (byte < 128) {
					whole = true;
					break;
				}
			}
			if (!whole || body + Math.min(keep, length) > chunk.length) {
				carried = Buffer.from(chunk.subarray(at));
				return;
			}
			onPacket(chunk, at, body);
			at = body + length;
		}
		skip = at - chunk.length;
	};
}
