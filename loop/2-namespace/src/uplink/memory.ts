import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";

const Kept = z.object({
	epoch: z.int().min(0).default(0),
	/** This folder has spoken with the centre before. */
	met: z.boolean().default(false),
	/** By connection: numbers up to here are the centre's from another ring than this one. */
	floors: z.record(z.string(), z.int()).default({}),
});

/**
 * What an uplink must not forget. The epoch rises with each start, also where the clock went back: it tells the peer of today
 * from a recording. Written down before it is used.
 */
export function openMemory(file: string, nowMs: number) {
	const kept = read(file);
	kept.epoch = Math.max(Math.floor(nowMs), kept.epoch + 1);
	write();

	function write(): void {
		mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
		const handle = openSync(`${file}.new`, "w", 0o600);
		try {
			writeSync(handle, JSON.stringify(kept));
			fsyncSync(handle);
		} finally {
			closeSync(handle);
		}
		renameSync(`${file}.new`, file);
	}

	return {
		epoch: kept.epoch,
		get isMet(): boolean {
			return kept.met;
		},
		meet(): void {
			if (kept.met) return;
			kept.met = true;
			write();
		},
		/** -1 where there is none. */
		floorOf: (connection: string): number => kept.floors[connection] ?? -1,
		raiseFloor(connection: string, number: number): void {
			if (number <= (kept.floors[connection] ?? -1)) return;
			kept.floors[connection] = number;
			write();
		},
	};
}
export type Memory = ReturnType<typeof openMemory>;

function read(file: string): z.output<typeof Kept> {
	try {
		return Kept.parse(JSON.parse(readFileSync(file, "utf8")));
	} catch {
		return Kept.parse({});
	}
}
