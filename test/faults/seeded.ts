/** Numbers in [0, 1) that are the same for the same seed. Source: Tommy Ettinger, mulberry32. */
export function seeded(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

export function randomBytes(random: () => number, length: number): Buffer {
	return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

export function shuffled<T>(random: () => number, list: readonly T[]): T[] {
	const left = [...list];
	return list.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as T);
}
