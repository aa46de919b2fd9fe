import { stripVTControlCharacters } from "node:util";
import type { Log } from "@millwright/core";
import { setDebugLogger, setErrorLogger, setWarningLogger } from "node-opcua-client";

/** How often one place in the library may speak; it repeats itself during outages. */
const mostPerPlace = 5;

/**
 * The library logs to the console, for the whole process and not per client. This sends it to our log instead,
 * its errors as warnings (most are peers that misbehave) and its warnings as debug lines.
 */
export function routeLibraryLog(log: Log): void {
	const ours = log.part("node-opcua");
	const spoken = new Map<string, number>();
	const route =
		(write: (message: string) => void) =>
		(context?: unknown, ...rest: unknown[]): void => {
			const { filename, callerline } = (context ?? {}) as { filename?: string; callerline?: number };
			const place = `${filename?.replace(/.*[\\/]/, "")}:${callerline}`;
			const times = (spoken.get(place) ?? 0) + 1;
			spoken.set(place, times);
			if (times > mostPerPlace) return;
			const text = stripVTControlCharacters(rest.map(String).join(" ")).trim();
			if (text) write(`${text.slice(0, 500)}${times === mostPerPlace ? " (said no more from here)" : ""}`);
		};
	setErrorLogger(route((message) => ours.warn(message)));
	setWarningLogger(route((message) => ours.debug(message)));
	setDebugLogger(() => {});
}
