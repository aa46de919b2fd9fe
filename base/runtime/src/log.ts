import type { Log } from "@millwright/core";
import { pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Lines to a stream: JSON for machines, or short lines for a person at a terminal. Never one per sample or message. */
export function createLog({
	level = "info",
	pretty = false,
	destination = process.stderr,
	memory,
}: {
	level?: LogLevel;
	pretty?: boolean;
	destination?: { write(line: string): unknown };
	/** Remembers the newest lines too, as JSON. */
	memory?: LogMemory;
} = {}): Log {
	const sink = {
		write(line: string) {
			memory?.write(line);
			destination.write(pretty ? forPeople(line) : line);
		},
	};
	const root = pino(
		{
			level,
			base: null,
			timestamp: pino.stdTimeFunctions.isoTime,
			redact: { paths: ["password", "secret", "token", "*.password", "*.secret", "*.token"], censor: "[secret]" },
		},
		sink,
	);
	const wrap = (to: typeof root): Log => ({
		debug: (message, data) => to.debug(data ?? {}, message),
		info: (message, data) => to.info(data ?? {}, message),
		warn: (message, data) => to.warn(data ?? {}, message),
		error: (message, data) => to.error(data ?? {}, message),
		part: (name) => wrap(to.child({ part: name })),
	});
	return wrap(root);
}

export interface LogMemory {
	write(line: string): void;
	/** Oldest first. */
	lines(): string[];
}

/** The newest lines of a log, in bounded memory. */
export function createLogMemory({
	bytes = 1_000_000,
	longestLine = 16_384,
}: {
	bytes?: number;
	longestLine?: number;
} = {}): LogMemory {
	const kept: string[] = [];
	let from = 0;
	let held = 0;
	return {
		write(line) {
			const short = line.length > longestLine ? `${line.slice(0, longestLine)}…` : line.trimEnd();
			kept.push(short);
			held += short.length;
			while (held > bytes) held -= (kept[from++] as string).length;
			// Moved rarely, so that a line costs the same however many are kept.
			if (from > 1000 && from > kept.length / 2) from -= kept.splice(0, from).length;
		},
		lines: () => kept.slice(from),
	};
}

const words: Record<number, string> = { 20: "debug", 30: "info ", 40: "warn ", 50: "error" };

function forPeople(line: string): string {
	const { level, time, msg, part, ...rest } = JSON.parse(line) as Record<string, unknown>;
	const extras = Object.entries(rest).map(
		([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
	);
	return `${String(time).slice(11, 19)} ${words[Number(level)] ?? level} ${part ? `${part}: ` : ""}${harmless(`${msg}${extras.join("")}`)}\n`;
}

/** Strangers' words stand in logs too: what follows a line break is indented, so that it cannot pass for a line, and nothing drives the terminal. */
const harmless = (text: string): string =>
	text
		.replace(/\r?\n/g, "\n    ")
		.replace(/[\p{Cc}\u2028\u2029]/gu, (sign) =>
			sign === "\n" ? sign : `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
		);

export const silentLog: Log = {
	debug() {},
	info() {},
	warn() {},
	error() {},
	part: () => silentLog,
};
