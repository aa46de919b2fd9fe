import type { Register } from "./register.ts";

/** The spare machine's table as its manual prints it (see README): word-swapped floats, scaled integers, a hole. */
export const palletizerTable: readonly Register[] = [
	{ tag: "state", table: "holding", register: 0, type: "uint16" },
	{ tag: "status-word", table: "holding", register: 1, type: "uint16" },
	{ tag: "pallet-count", table: "holding", register: 2, type: "uint32" },
	{ tag: "motor-temperature", table: "holding", register: 4, type: "int16", scale: 0.1 },
	{ tag: "layer", table: "holding", register: 5, type: "uint16" },
	{ tag: "vibration", table: "holding", register: 10, type: "float32", order: "CDAB" },
	{ tag: "motor-current", table: "holding", register: 12, type: "float32", order: "CDAB" },
	{ tag: "vacuum", table: "holding", register: 14, type: "float32", order: "CDAB" },
	{ tag: "energy", table: "holding", register: 16, type: "float32", order: "CDAB" },
	{ tag: "cycle-time", table: "holding", register: 22, type: "uint16", scale: 0.1 },
];

export const palletizerLength = 40;

/** Registers 18 to 21 are the maker's own: whoever touches them gets exception 2. */
export const palletizerForbidden = { start: 18, length: 4 } as const;

export const palletizerHas = (table: string, address: number): boolean =>
	table === "holding" &&
	address < palletizerLength &&
	!(address >= palletizerForbidden.start && address < palletizerForbidden.start + palletizerForbidden.length);
