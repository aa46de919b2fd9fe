import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

export type TruthEvent = "onset" | "development" | "failure" | "repaired" | "cleared";

/** What is really the case, whatever anybody measures. Written by the plant, read by tests and benches, never by the platform. */
export interface TruthEntry {
	sequence: number;
	/** Names one life of one part, or one fault from outside: the same in all entries of a story. */
	id: string;
	event: TruthEvent;
	machine: string;
	path: string;
	fault: string;
	part?: string;
	/** The sensor that lies, of a sensor fault. */
	tag?: string;
	/** 0 … 1, what the physics feels. */
	severity: number;
	cause: "wear" | "injected";
	/** Full tag names that feel it first; `…/#` for all of a machine. */
	affects: string[];
	/** At the onset of wear: hours of normal load until the end. */
	loadHoursLeft?: number;
	/** s of plant time since the start. */
	plantSeconds: number;
	/** ms since 1970, UTC, of the wall clock when it happened. */
	wallMs: number;
}

export type TruthDraft = Omit<TruthEntry, "sequence" | "plantSeconds" | "wallMs">;

export interface TruthLog {
	/** The newest, oldest first; bounded. The file has all. */
	readonly entries: readonly TruthEntry[];
	record(draft: TruthDraft): void;
}

const mostInMemory = 10_000;

export function createTruthLog(about: { plantSeconds(): number; wallMs(): number; file?: string }): TruthLog {
	const entries: TruthEntry[] = [];
	let sequence = 0;
	if (about.file) mkdirSync(dirname(about.file), { recursive: true });
	return {
		entries,
		record(draft) {
			const entry: TruthEntry = {
				sequence: ++sequence,
				...draft,
				plantSeconds: Math.round(about.plantSeconds() * 1000) / 1000,
				wallMs: about.wallMs(),
			};
			entries.push(entry);
			if (entries.length > mostInMemory) entries.splice(0, entries.length - mostInMemory);
			// A few lines an hour: a synchronous append keeps the order and survives a kill.
			if (about.file) appendFileSync(about.file, `${JSON.stringify(entry)}\n`);
		},
	};
}
