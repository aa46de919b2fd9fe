import { existsSync, writeFileSync } from "node:fs";

/** Where Debian puts it, by processor. Source: libfaketime 0.9.10. */
const library = [
	`/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1`,
	`/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1`,
].find(existsSync);

export const hasFalseClocks = (): boolean => library !== undefined;

/** The wall clock of a program in our hands; its steady clock stays as it is. */
export interface FalseClock {
	readonly environment: Record<string, string>;
	/** Ahead of the true time, s. */
	set(aheadSeconds: number): void;
}

export function openFalseClock(file: string): FalseClock {
	if (!library) throw new Error("libfaketime is not installed (apt-get install libfaketime)");
	const set = (ahead: number): void => writeFileSync(file, `${ahead < 0 ? "" : "+"}${ahead}\n`);
	set(0);
	return {
		environment: {
			LD_PRELOAD: library,
			FAKETIME_TIMESTAMP_FILE: file,
			// Looked at again every second.
			FAKETIME_CACHE_DURATION: "1",
			FAKETIME_DONT_FAKE_MONOTONIC: "1",
			FAKETIME_DONT_RESET: "1",
		},
		set,
	};
}
