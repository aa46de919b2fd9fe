/** Numbers that look random and repeat exactly for a seed; a stream of its own per name, so that a new machine disturbs no other. */
export interface Random {
	/** [0, 1). */
	uniform(): number;
	/** Mean 0, standard deviation 1. */
	normal(): number;
	/** Weibull life with mean about `mean`; shape above 1 wears out. Cut to 0.4 … 2 means so that a demo stays a demo. */
	life(mean: number, shape: number): number;
	fork(name: string): Random;
}

/** FNV-1a. */
function hash(text: string, from: number): number {
	let value = from >>> 0;
	for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
	return value;
}

/** Generator: sfc32 (Doty-Humphrey), 128 bits of state. */
export function createRandom(seed: number): Random {
	let a = 0x9e3779b9 ^ seed;
	let b = 0x243f6a88;
	let c = 0xb7e15162 ^ Math.imul(seed, 0x85ebca6b);
	let counter = 1;
	const next = (): number => {
		const sum = (a + b + counter++) | 0;
		a = b ^ (b >>> 9);
		b = (c + (c << 3)) | 0;
		c = ((c << 21) | (c >>> 11)) + sum;
		return sum >>> 0;
	};
	for (let i = 0; i < 15; i++) next();
	const uniform = (): number => next() / 4294967296;
	let spare: number | undefined;
	/** Marsaglia's polar method. */
	const normal = (): number => {
		if (spare !== undefined) {
			const value = spare;
			spare = undefined;
			return value;
		}
		for (;;) {
			const u = 2 * uniform() - 1;
			const v = 2 * uniform() - 1;
			const s = u * u + v * v;
			if (s > 0 && s < 1) {
				const factor = Math.sqrt((-2 * Math.log(s)) / s);
				spare = v * factor;
				return u * factor;
			}
		}
	};
	return {
		uniform,
		normal,
		life(mean, shape) {
			// Γ(1 + 1/shape) is 0.886 … 0.91 for shapes 1.5 to 4, so mean / 0.89 serves as the scale.
			const drawn = (mean / 0.89) * (-Math.log(1 - uniform())) ** (1 / shape);
			return Math.min(2 * mean, Math.max(0.4 * mean, drawn));
		},
		fork: (name) => createRandom(hash(name, 0x811c9dc5 ^ seed)),
	};
}
