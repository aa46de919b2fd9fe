import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { NumberRange } from "@millwright/core";
import * as z from "zod";

const Kept = z.object({
	epoch: z.int().min(0).default(0),
	/** This folder has spoken with the centre before. */
	met: z.boolean().default(false),
	/** The name under which it did so last. */
	gateway: z.string().optional(),
	/** By connection: numbers that were confirmed under an earlier name. */
	elsewhere: z.record(z.string(), z.array(z.tuple([z.int(), z.int()]))).default({}),
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
		/** With a new name `confirmed` says what is safe under the former one. */
		meet(gateway: string, confirmed: () => Record<string, NumberRange[]>): void {
			if (kept.met && kept.gateway === gateway) return;
			if (kept.met && kept.gateway !== undefined)
				for (const [connection, ranges] of Object.entries(confirmed()))
					kept.elsewhere[connection] = ranges.map(({ first, last }) => [first, last]);
			kept.met = true;
			kept.gateway = gateway;
			write();
		},
		elsewhereOf: (connection: string): NumberRange[] =>
			(kept.elsewhere[connection] ?? []).map(([first, last]) => ({ first, last })),
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
