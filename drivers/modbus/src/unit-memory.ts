import type { Table } from "./address.ts";
import { type ExceptionResponse, packBits, type Request, type Response, unpackBits } from "./pdu.ts";

/**
 * What a unit holds: one element a coil (0 or 1) or register. A table left out does not exist.
 * The arrays may be written to at any time by their owner; a request sees them as they are.
 */
export interface UnitMemory {
	coil?: Uint8Array;
	discrete?: Uint8Array;
	input?: Uint16Array;
	holding?: Uint16Array;
	/** Object id to text: 0 vendor, 1 product code, 2 revision, 3 vendor URL, 4 product name, 5 model … */
	identification?: Readonly<Record<number, string>>;
	/** Refuses an address inside a table with exception 2: holes as real devices have them. */
	isMissing?(table: Table, address: number): boolean;
	/** Called after a client has written; throwing answers exception 4. */
	written?(table: Table, start: number, length: number): void;
}

export type UnitHandler = (request: Request) => Response | Promise<Response>;

const illegalFunction = 1;
const illegalAddress = 2;
const deviceFailure = 4;

class Refused extends Error {
	readonly exception: number;
	constructor(exception: number) {
		super(`exception ${exception}`);
		this.exception = exception;
	}
}

const tables = { 1: "coil", 2: "discrete", 3: "holding", 4: "input" } as const;

/** A unit that answers from memory, with the exceptions the standard asks for. */
export function unitOf(memory: UnitMemory): (request: Request) => Response {
	const area = <T extends Table>(table: T, start: number, length: number): NonNullable<UnitMemory[T]> => {
		const found = memory[table];
		if (!found) throw new Refused(illegalFunction);
		if (start + length > found.length) throw new Refused(illegalAddress);
		if (memory.isMissing)
			for (let i = start; i < start + length; i++) if (memory.isMissing(table, i)) throw new Refused(illegalAddress);
		return found as NonNullable<UnitMemory[T]>;
	};
	const registers = (table: "holding" | "input", start: number, quantity: number): Uint8Array => {
		const words = area(table, start, quantity);
		const data = new Uint8Array(quantity * 2);
		for (let i = 0; i < quantity; i++) {
			const word = words[start + i] as number;
			data[i * 2] = word >> 8;
			data[i * 2 + 1] = word & 0xff;
		}
		return data;
	};
	const setRegisters = (start: number, data: Uint8Array): void => {
		const words = area("holding", start, data.length / 2);
		for (let i = 0; i < data.length; i += 2) words[start + i / 2] = ((data[i] as number) << 8) | (data[i + 1] as number);
		memory.written?.("holding", start, data.length / 2);
	};

	const answer = (request: Request): Response => {
		switch (request.code) {
			case 1:
			case 2: {
				const bits = area(tables[request.code], request.start, request.quantity);
				return { code: request.code, data: packBits(bits.subarray(request.start, request.start + request.quantity)) };
			}
			case 3:
			case 4:
				return { code: request.code, data: registers(tables[request.code], request.start, request.quantity) };
			case 5:
				area("coil", request.start, 1)[request.start] = request.value ? 1 : 0;
				memory.written?.("coil", request.start, 1);
				return request;
			case 6:
				setRegisters(request.start, Uint8Array.of(request.value >> 8, request.value & 0xff));
				return request;
			case 15:
				area("coil", request.start, request.quantity).set(unpackBits(request.data, request.quantity), request.start);
				memory.written?.("coil", request.start, request.quantity);
				return { code: 15, start: request.start, quantity: request.quantity };
			case 16:
				setRegisters(request.start, request.data);
				return { code: 16, start: request.start, quantity: request.data.length / 2 };
			case 22: {
				const words = area("holding", request.start, 1);
				const before = words[request.start] as number;
				words[request.start] = (before & request.and) | (request.or & ~request.and);
				memory.written?.("holding", request.start, 1);
				return request;
			}
			case 23:
				area("holding", request.start, request.quantity);
				setRegisters(request.writeStart, request.data);
				return { code: 23, data: registers("holding", request.start, request.quantity) };
			case 43:
				return identify(memory.identification, request.level, request.object);
		}
	};
	return (request) => {
		try {
			return answer(request);
		} catch (error) {
			return { code: request.code, exception: error instanceof Refused ? error.exception : deviceFailure };
		}
	};
}

const lastOfLevel = { 1: 2, 2: 0x7f, 3: 0xff, 4: 0xff } as const;
/** What fits one answer beside the 7 bytes in front. */
const room = 246;

function identify(all: UnitMemory["identification"], level: 1 | 2 | 3 | 4, from: number): Response | ExceptionResponse {
	if (!all) return { code: 43, exception: illegalFunction };
	const known = Object.entries(all)
		.map(([object, text]) => ({ object: Number(object), text }))
		.sort((a, b) => a.object - b.object);
	const conformity = known.some(({ object }) => object > 0x7f) ? 0x83 : known.some(({ object }) => object > 2) ? 0x82 : 0x81;
	if (level === 4) {
		const one = known.find(({ object }) => object === from);
		if (!one) return { code: 43, exception: illegalAddress };
		return { code: 43, level, conformity, more: false, next: 0, objects: [one] };
	}
	const wanted = known.filter(({ object }) => object <= lastOfLevel[level]);
	// An unknown first object means: from the beginning. Source: Modbus Application Protocol V1.1b3 §6.21.
	const first = Math.max(
		0,
		wanted.findIndex(({ object }) => object === from),
	);
	const objects: typeof wanted = [];
	let used = 0;
	for (const entry of wanted.slice(first)) {
		used += 2 + entry.text.length;
		if (used > room) break;
		objects.push(entry);
	}
	const next = wanted[first + objects.length];
	return { code: 43, level, conformity, more: next !== undefined, next: next?.object ?? 0, objects };
}
