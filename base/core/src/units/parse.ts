import { MillwrightError } from "../errors.ts";
import { type Atom, atoms, prefixes } from "./atoms.ts";
import { combine, type Dimension, dimensionless, raise } from "./dimension.ts";

/** A unit as read: base = value × factor + offset. */
export interface Unit {
	readonly code: string;
	readonly factor: number;
	readonly offset: number;
	readonly dimension: Dimension;
}

const longestCode = 64;
const deepest = 8;
const largestExponent = 24;
const known = new Map<string, Unit>();
const mostKnown = 2000;

/** Reads a UCUM code, case-sensitive. Source: UCUM §2, "c/s" form. Throws `core.unit-invalid`. */
export function parseUnit(code: string): Unit {
	const found = known.get(code);
	if (found) return found;
	const unit = read(code);
	if (known.size >= mostKnown) known.clear();
	known.set(code, unit);
	return unit;
}

interface Part {
	factor: number;
	offset: number;
	dimension: Dimension;
}

const one: Part = { factor: 1, offset: 0, dimension: dimensionless };

function read(code: string): Unit {
	if (code.length === 0 || code.length > longestCode) refuse(code, "A unit has 1 to 64 characters");
	let at = 0;

	function term(depth: number): Part {
		if (depth > deepest) refuse(code, "Brackets lie too deep");
		let result: Part | undefined;
		let sign: 1 | -1 = 1;
		if (code[at] === "/") {
			result = one;
			sign = -1;
			at++;
		}
		for (;;) {
			const next = component(depth);
			result = result ? product(result, next, sign) : next;
			const joint = code[at];
			if (joint !== "." && joint !== "/") return result;
			sign = joint === "." ? 1 : -1;
			at++;
		}
	}

	function component(depth: number): Part {
		if (code[at] === "(") {
			at++;
			const inner = term(depth + 1);
			if (code[at] !== ")") refuse(code, "A bracket is not closed");
			at++;
			return inner;
		}
		if (code[at] === "{") {
			annotation();
			return one;
		}
		const number = /^\d+/.exec(code.slice(at))?.[0];
		// 10* and 10^ are units of their own.
		if (number !== undefined && !/^10[*^]/.test(code.slice(at))) {
			at += number.length;
			if (Number(number) === 0) refuse(code, "Zero is not a unit");
			annotation();
			return { ...one, factor: Number(number) };
		}
		const symbol = /^(?:10[*^]|(?:\[[^\]]*\]|[^0-9+\-./(){}[\]\s])+)/.exec(code.slice(at))?.[0];
		if (symbol === undefined)
			refuse(code, at < code.length ? `"${code.slice(at)}" is not a unit` : "Something is missing at the end");
		at += symbol.length;
		const simple = symbolUnit(symbol);
		if (!simple) refuse(code, `"${symbol}" is not a known unit`);
		const exponent = /^[+-]?\d+/.exec(code.slice(at))?.[0];
		if (exponent === undefined) {
			annotation();
			return simple;
		}
		at += exponent.length;
		annotation();
		const power = Number(exponent);
		if (Math.abs(power) > largestExponent) refuse(code, `Exponent ${exponent} is beyond ${largestExponent}`);
		return { factor: simple.factor ** power, offset: 0, dimension: raise(simple.dimension, power) };
	}

	function annotation(): void {
		if (code[at] !== "{") return;
		const end = code.indexOf("}", at);
		if (end < 0) refuse(code, "An annotation is not closed");
		at = end + 1;
	}

	const whole = term(0);
	if (at < code.length) refuse(code, `"${code.slice(at)}" is left over`);
	if (!Number.isFinite(whole.factor) || whole.factor <= 0) refuse(code, "The unit is out of every scale");
	return { code, ...whole };
}

/** A temperature inside a product is a difference: W/(m2.Cel) is per kelvin. */
const product = (a: Part, b: Part, sign: 1 | -1): Part => ({
	factor: sign === 1 ? a.factor * b.factor : a.factor / b.factor,
	offset: 0,
	dimension: combine(a.dimension, b.dimension, sign),
});

function symbolUnit(symbol: string): Part | undefined {
	const plain = atoms.get(symbol);
	if (plain) return plain;
	for (const length of [1, 2]) {
		const prefix = prefixes.get(symbol.slice(0, length));
		const atom: Atom | undefined = prefix === undefined ? undefined : atoms.get(symbol.slice(length));
		if (prefix !== undefined && atom?.metric) return { ...atom, factor: atom.factor * prefix };
	}
	return undefined;
}

function refuse(code: string, why: string): never {
	throw new MillwrightError("core.unit-invalid", `Unit "${code.slice(0, longestCode)}": ${why}`, {
		kind: "input",
		hint: 'Write UCUM codes: "Cel", "bar", "mm/s", "/min", "m3/h", "%", "1".',
	});
}
