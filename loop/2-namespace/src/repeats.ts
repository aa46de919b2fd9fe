/** What makes a document itself: the device's number alone begins anew with each of its starts. */
export interface Repeatable {
	tag: number;
	/** Source time, halves of ns since 1970. */
	high: number;
	low: number;
	sequence: number | undefined;
	/** NaN where there is none. */
	value: number;
	text: string | undefined;
	quality: number;
}

/** Where a document is remembered: two halves of its mark. Neither is 0. */
export interface Mark {
	a: number;
	b: number;
}

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** Murmur's last mixing steps, so that every bit of what goes in moves every bit of what comes out. */
function mix(hash: number, word: number): number {
	let next = Math.imul(hash ^ word, 0x85eb_ca6b);
	next ^= next >>> 13;
	next = Math.imul(next, 0xc2b2_ae35);
	return next ^ (next >>> 16);
}

/** An open table of marks. */
class Marks {
	readonly #slots: Uint32Array;
	readonly #mask: number;
	size = 0;

	constructor(most: number) {
		const capacity = 2 ** Math.ceil(Math.log2(most * 2));
		this.#slots = new Uint32Array(capacity * 2);
		this.#mask = capacity - 1;
	}

	/** Of the slot that holds it, or the free one where it would stand. */
	#find({ a, b }: Mark): number {
		for (let at = (a & this.#mask) >>> 0; ; at = (at + 1) & this.#mask) {
			const held = this.#slots[at * 2];
			if (held === 0 || (held === a && this.#slots[at * 2 + 1] === b)) return at * 2;
		}
	}

	has(mark: Mark): boolean {
		return this.#slots[this.#find(mark)] !== 0;
	}

	add(mark: Mark): void {
		const at = this.#find(mark);
		if (this.#slots[at] === 0) this.size++;
		this.#slots[at] = mark.a;
		this.#slots[at + 1] = mark.b;
	}

	/** The slot stays taken, by what no document has. */
	forget(mark: Mark): void {
		const at = this.#find(mark);
		if (this.#slots[at] !== 0) this.#slots[at + 1] = 0;
	}

	clear(): void {
		this.#slots.fill(0);
		this.size = 0;
	}
}

/**
 * Which documents of clients have come before, over all topics: at least the last `most`. QoS 1 is "at least once", and whoever
 * was cut off sends again from where it is sure. Marks of 64 bits in two tables of fixed size that take turns, so that a
 * million documents cost some megabytes and no garbage.
 */
export function createRepeats({ most = 500_000 }: { most?: number } = {}) {
	let newer = new Marks(most);
	let older = new Marks(most);
	const mark: Mark = { a: 0, b: 0 };

	function markOf({ tag, high, low, sequence, value, text, quality }: Repeatable): void {
		let a = mix(tag, quality);
		let b = mix(~tag, quality + 1);
		const feed = (word: number): void => {
			a = mix(a, word);
			b = mix(b, word ^ 0x5bd1_e995);
		};
		feed(high);
		feed(low);
		if (sequence === undefined) feed(0x9e37_79b9);
		else {
			feed(sequence >>> 0);
			feed(Math.floor(sequence / 0x1_0000_0000) + 1);
		}
		double[0] = value;
		feed(halves[0] as number);
		feed(halves[1] as number);
		if (text !== undefined) for (let i = 0; i < text.length; i++) feed(text.charCodeAt(i) + 1);
		mark.a = a >>> 0 || 1;
		mark.b = b >>> 0 || 1;
	}

	return {
		/** Undefined where it has come before; from now on it has. The mark is the same object each time. `isNewest`: it cannot have come. */
		note(document: Repeatable, isNewest = false): Mark | undefined {
			markOf(document);
			if (!isNewest && (newer.has(mark) || older.has(mark))) return undefined;
			if (newer.size >= most) {
				[newer, older] = [older, newer];
				newer.clear();
			}
			newer.add(mark);
			return mark;
		},
		has(document: Repeatable): boolean {
			markOf(document);
			return newer.has(mark) || older.has(mark);
		},
		/** It was not taken in after all, and may come again. */
		forget(one: Mark): void {
			newer.forget(one);
			older.forget(one);
		},
	};
}
export type Repeats = ReturnType<typeof createRepeats>;
