import type { NumberRange } from "@millwright/core";

/** Ranges without what others cover; both ascending and each apart. */
export function without(ranges: readonly NumberRange[], others: readonly NumberRange[]): NumberRange[] {
	const left: NumberRange[] = [];
	let at = 0;
	for (const { first, last } of ranges) {
		let from = first;
		while (at < others.length && (others[at] as NumberRange).last < from) at++;
		for (let i = at; i < others.length && (others[i] as NumberRange).first <= last; i++) {
			const other = others[i] as NumberRange;
			if (other.first > from) left.push({ first: from, last: other.first - 1 });
			from = Math.max(from, other.last + 1);
		}
		if (from <= last) left.push({ first: from, last });
	}
	return left;
}

export const countOf = (ranges: readonly NumberRange[]): number =>
	ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
