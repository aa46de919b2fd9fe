import type { Log } from "@millwright/core";
import { pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Lines to a stream: JSON for machines, or short lines for a person at a terminal. Never one per sample or message. */
export function createLog({
	level = "info",
	pretty = false,
	destination = process.stderr,
}: {
	level?: LogLevel;
	pretty?: boolean;
	destination?: { write(line: string): unknown };
} = {}): Log {
	const sink = pretty
		? { write: (line: string) => destination.write(forPeople(line)) }
		: { write: (line: string) => destination.write(line) };
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

const words: Record<number, string> = { 20: "debug", 30: "info ", 40: "warn ", 50: "error" };

function forPeople(line: string): string {
	const { level, time, msg, part, ...rest } = JSON.parse(line) as Record<string, unknown>;
	const extras = Object.entries(rest).map(
		([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
	);
	return `${String(time).slice(11, 19)} ${words[Number(level)] ?? level} ${part ? `${part}: ` : ""}${msg}${extras.join("")}\n`;
}

export const silentLog: Log = {
	debug() {},
	info() {},
	warn() {},
	error() {},
	part: () => silentLog,
};
