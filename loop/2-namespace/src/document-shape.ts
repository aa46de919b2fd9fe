import { nanosFromIso } from "@millwright/core";
import { jsonLeaves } from "./json-leaves.ts";

/** What changes from one document of a topic to the next. */
export interface Scanned {
	/** Source time, ns since 1970, as two halves of 32 bits. */
	high: number;
	low: number;
	/** Whole seconds of it. */
	seconds: number;
	/** Undefined where the document has no number. */
	sequence: number | undefined;
	/** NaN for null; 1 and 0 for true and false. */
	value: number;
	/** It was true, false or null. */
	isWord: boolean;
}

export const scanned = (): Scanned => ({ high: 0, low: 0, seconds: 0, sequence: undefined, value: Number.NaN, isWord: false });

const slots = { time: 0, sequence: 1, value: 2, other: 3 } as const;
type Slot = (typeof slots)[keyof typeof slots];

const quote = 0x22;
/** What a double holds exactly, and powers of ten that it does. */
const exactDigits = 15;
const powers = Array.from({ length: 23 }, (_, i) => 10 ** i);
const nanosLength = 9;
const secondLength = 19;
const words = [Buffer.from("true"), Buffer.from("false"), Buffer.from("null")] as const;

/** The newest second seen, so that a flood of documents costs one calendar calculation a second. */
const second = { text: Buffer.alloc(secondLength), seconds: Number.NaN, high: 0, low: 0 };

/** ns since 1970 of a whole second from 1970 on, as halves; every step stays below 2^53. */
function halvesOf(seconds: number): { high: number; low: number } {
	const upper = Math.floor(seconds / 65_536) * 1_000_000_000;
	const lower = (upper % 65_536) * 65_536 + (seconds % 65_536) * 1_000_000_000;
	return { high: Math.floor(upper / 65_536) + Math.floor(lower / 0x1_0000_0000), low: lower % 0x1_0000_0000 };
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

/**
 * The bytes that all documents of a topic share, and where the rest stands between them. A document that matches is valid, and
 * its values are what JSON.parse would give; one that does not match may still be valid, and takes the long way.
 */
export class DocumentShape {
	readonly #fixed: readonly Buffer[];
	readonly #slots: readonly Slot[];
	/** Where a scan stands; one document is scanned at a time. */
	#number = 0;
	#isWord = false;

	private constructor(fixed: readonly Buffer[], between: readonly Slot[]) {
		this.#fixed = fixed;
		this.#slots = between;
	}

	/** Of a document that keeps the contract and holds a number, true, false or null. */
	static of(document: Buffer): DocumentShape | undefined {
		const leaves = jsonLeaves(document);
		if (leaves === undefined) return undefined;
		const fixed: Buffer[] = [];
		const between: Slot[] = [];
		let from = 0;
		let needed = 2;
		for (const { path, start, end } of leaves) {
			const slot = slotOf(path);
			if (slot === undefined) continue;
			if (slot === slots.value && document[start] === quote) return undefined;
			if (slot === slots.time || slot === slots.value) needed--;
			const inner = slot === slots.time ? 1 : 0;
			fixed.push(Buffer.from(document.subarray(from, start + inner)));
			between.push(slot);
			from = end - inner;
		}
		if (needed !== 0) return undefined;
		fixed.push(Buffer.from(document.subarray(from)));
		const shape = new DocumentShape(fixed, between);
		// What is written in a way that is not scanned would never match.
		return shape.scan(document, scanned()) ? shape : undefined;
	}

	/** Fills `into`; false leaves it undefined. */
	scan(bytes: Uint8Array, into: Scanned): boolean {
		const fixed = this.#fixed;
		let at = 0;
		into.sequence = undefined;
		for (let i = 0; i < fixed.length; i++) {
			const part = fixed[i] as Buffer;
			const { length } = part;
			if (at + length > bytes.length) return false;
			for (let k = 0; k < length; k++) if (bytes[at + k] !== part[k]) return false;
			at += length;
			if (i === this.#slots.length) return at === bytes.length;
			const slot = this.#slots[i] as Slot;
			if (slot === slots.time) at = this.#time(bytes, at, into);
			else if (slot === slots.other) at = this.#other(bytes, at);
			else if (slot === slots.sequence) {
				at = this.#whole(bytes, at);
				into.sequence = this.#number;
			} else {
				at = this.#value(bytes, at);
				into.value = this.#number;
				into.isWord = this.#isWord;
			}
			if (at < 0) return false;
		}
		return false;
	}

	/** `2026-04-17T14:31:59.456Z`; other zones take the long way. */
	#time(bytes: Uint8Array, from: number, into: Scanned): number {
		const { text } = second;
		let same = !Number.isNaN(second.seconds);
		for (let k = secondLength - 1; same && k >= 0; k--) same = bytes[from + k] === text[k];
		if (!same && !newSecond(bytes, from)) return -1;
		let at = from + secondLength;
		let nanos = 0;
		if (bytes[at] === 0x2e) {
			const begin = ++at;
			while (isDigit(bytes[at]) && at - begin < nanosLength) nanos = nanos * 10 + (bytes[at++] as number) - 0x30;
			if (at === begin) return -1;
			nanos *= powers[nanosLength - (at - begin)] as number;
		}
		if (bytes[at] !== 0x5a) return -1;
		const low = second.low + nanos;
		into.seconds = second.seconds;
		into.high = second.high + (low >= 0x1_0000_0000 ? 1 : 0);
		into.low = low >= 0x1_0000_0000 ? low - 0x1_0000_0000 : low;
		return at + 1;
	}

	/** A whole number from 0, of at most 15 digits. */
	#whole(bytes: Uint8Array, from: number): number {
		let at = from;
		let number = 0;
		while (isDigit(bytes[at])) number = number * 10 + (bytes[at++] as number) - 0x30;
		const digits = at - from;
		if (digits === 0 || digits > exactDigits || (digits > 1 && bytes[from] === 0x30)) return -1;
		this.#number = number;
		return at;
	}

	#value(bytes: Uint8Array, from: number): number {
		const first = bytes[from] as number;
		this.#isWord = false;
		if (first !== 0x2d && !isDigit(first)) {
			for (const [i, word] of words.entries()) {
				if (first !== word[0]) continue;
				for (let k = 1; k < word.length; k++) if (bytes[from + k] !== word[k]) return -1;
				this.#isWord = true;
				this.#number = i === 0 ? 1 : i === 1 ? 0 : Number.NaN;
				return from + word.length;
			}
			return -1;
		}
		return this.#decimal(bytes, from);
	}

	/** A JSON number. Up to 15 digits and without exponent it is whole number ÷ power of ten, both exact, so the quotient is right. */
	#decimal(bytes: Uint8Array, from: number): number {
		let at = from;
		const isNegative = bytes[at] === 0x2d;
		if (isNegative) at++;
		const begin = at;
		let number = 0;
		while (isDigit(bytes[at])) number = number * 10 + (bytes[at++] as number) - 0x30;
		const whole = at - begin;
		if (whole === 0 || (whole > 1 && bytes[begin] === 0x30)) return -1;
		let fraction = 0;
		if (bytes[at] === 0x2e) {
			const point = ++at;
			while (isDigit(bytes[at])) number = number * 10 + (bytes[at++] as number) - 0x30;
			fraction = at - point;
			if (fraction === 0) return -1;
		}
		const hasExponent = bytes[at] === 0x65 || bytes[at] === 0x45;
		if (hasExponent) {
			at++;
			if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
			const digits = at;
			while (isDigit(bytes[at])) at++;
			if (at === digits) return -1;
		}
		if (hasExponent || whole + fraction > exactDigits) {
			this.#number = Number(Buffer.from(bytes.buffer, bytes.byteOffset + from, at - from).toString("latin1"));
			return at;
		}
		const exact = fraction === 0 ? number : number / (powers[fraction] as number);
		this.#number = isNegative ? -exact : exact;
		return at;
	}

	/** Any text without escapes, number or word. */
	#other(bytes: Uint8Array, from: number): number {
		if (bytes[from] !== quote) return this.#value(bytes, from);
		for (let at = from + 1; at < bytes.length; at++) {
			const byte = bytes[at] as number;
			if (byte === quote) return at + 1;
			if (byte === 0x5c || byte < 0x20) return -1;
		}
		return -1;
	}
}

function slotOf(path: readonly string[]): Slot | undefined {
	const [first, next] = path;
	if (first === "context") return slots.other;
	if (first === "measurement") return next === "value" && path.length === 2 ? slots.value : undefined;
	if (path.length > 1) return undefined;
	return first === "timestamp" ? slots.time : first === "seq" ? slots.sequence : undefined;
}

/** False for what is no time, or before 1970. */
function newSecond(bytes: Uint8Array, from: number): boolean {
	const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(secondLength, bytes.length - from));
	const nanos = text.length === secondLength ? nanosFromIso(`${text.toString("latin1")}Z`) : undefined;
	if (nanos === undefined || nanos < 0n) return false;
	text.copy(second.text);
	second.seconds = Number(nanos / 1_000_000_000n);
	Object.assign(second, halvesOf(second.seconds));
	return true;
}
