/** Both ends inclusive. */
export interface NumberRange {
	first: number;
	last: number;
}

/** Which sequence numbers are present, as closed intervals. Cheap while numbers come mostly in order. */
export class SequenceSet {
	/** Sorted, apart by at least one missing number. */
	readonly #ranges: NumberRange[] = [];

	constructor(ranges: Iterable<NumberRange> = []) {
		for (const { first, last } of ranges) this.add(first, last);
	}

	/** Adds first…last and returns the parts that were new, in order; an empty range (last < first) adds nothing. */
	add(first: number, last: number): NumberRange[] {
		if (last < first) return [];
		const ranges = this.#ranges;
		const newest = ranges.at(-1);
		if (newest && first === newest.last + 1) {
			newest.last = last;
			return [{ first, last }];
		}
		if (!newest || first > newest.last) {
			ranges.push({ first, last });
			return [{ first, last }];
		}
		// The first range that touches or follows.
		const from = this.#search(first - 1);
		const added: NumberRange[] = [];
		let next = first;
		let until = from;
		let low = first;
		let high = last;
		for (; until < ranges.length; until++) {
			const range = ranges[until] as NumberRange;
			if (range.first > last + 1) break;
			if (range.first > next) added.push({ first: next, last: Math.min(last, range.first - 1) });
			next = Math.max(next, range.last + 1);
			low = Math.min(low, range.first);
			high = Math.max(high, range.last);
		}
		if (next <= last) added.push({ first: next, last });
		ranges.splice(from, until - from, { first: low, last: high });
		return added;
	}

	has(number: number): boolean {
		const range = this.#ranges[this.#search(number)];
		return range !== undefined && range.first <= number;
	}

	/** Is all of first…last present? */
	covers(first: number, last: number): boolean {
		if (last < first) return true;
		const range = this.#ranges[this.#search(first)];
		return range !== undefined && range.first <= first && range.last >= last;
	}

	/** The highest number up to which everything from `from` on is present; `from - 1` when `from` itself is missing. */
	through(from = 0): number {
		const range = this.#ranges[this.#search(from)];
		return range !== undefined && range.first <= from ? range.last : from - 1;
	}

	/** How many ranges that is, apart from each other. */
	get pieces(): number {
		return this.#ranges.length;
	}

	/** How many numbers are present. */
	get size(): number {
		return this.#ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
	}

	/** Ascending copies. */
	ranges(): NumberRange[] {
		return this.#ranges.map((range) => ({ ...range }));
	}

	/** Index of the first range whose end is at or after the number. */
	#search(number: number): number {
		let low = 0;
		let high = this.#ranges.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#ranges[middle] as NumberRange).last < number) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}
