import {
	asMillwrightError,
	type Clock,
	type DataClass,
	type Log,
	type Nanos,
	nanosFromMs,
	type SeriesEngine,
	type TagDirectory,
	type Timer,
} from "@millwright/core";
import type { Health } from "@millwright/runtime";
import type * as z from "zod";
import type { StorageRun, StorageSettings } from "../api.ts";
import { retentionGroups } from "./retention.ts";

const dayNs = 86_400_000_000_000n;
/** After the start, so that the plant comes first. */
const firstAfterMs = 120_000;
export type Run = z.output<typeof StorageRun>;

/** Sorts and compresses closed days, forgets what is too old, keeps the budget: now and then, and when somebody asks. */
export function createHousekeeping({
	engine,
	directory,
	dataClassOf,
	settings,
	clock,
	log,
}: {
	engine: SeriesEngine;
	directory: TagDirectory;
	dataClassOf(tag: string): DataClass;
	settings(): StorageSettings;
	clock: Clock;
	log: Log;
}) {
	let timer: Timer | undefined;
	let nextRunAt: number | undefined;
	let running: Promise<Run> | undefined;
	let stopping = new AbortController();
	let lastRun: Run | undefined;
	let overBudget: number | undefined;

	const endOfClosedDays = (): Nanos => {
		const now = nanosFromMs(clock.nowMs() - settings().grace);
		return now - (((now % dayNs) + dayNs) % dayNs);
	};

	async function forgetOld(signal: AbortSignal): Promise<{ rows: number; bytes: number }> {
		const { retention, keep } = settings();
		const total = { rows: 0, bytes: 0 };
		for (const group of retentionGroups({ rules: retention, keep, directory, dataClassOf })) {
			if (group.keep === null || group.tags.length === 0) continue;
			const { rows, bytes } = await engine.forget({ tags: group.tags, before: nanosFromMs(clock.nowMs() - group.keep), signal });
			total.rows += rows;
			total.bytes += bytes;
		}
		return total;
	}

	/** Whole days, oldest first, until the rest fits. The day that is being written stays. */
	async function keepBudget(signal: AbortSignal): Promise<{ rows: number; bytes: number }> {
		const { budgetBytes, whenFull } = settings();
		const total = { rows: 0, bytes: 0 };
		overBudget = undefined;
		if (budgetBytes === null) return total;
		const { bytes: used, oldest } = await engine.figures();
		if (used <= budgetBytes) return total;
		overBudget = used - budgetBytes;
		if (whenFull === "warn" || oldest === undefined) return total;
		const everything = Array.from({ length: directory.size }, (_, i) => i + 1);
		const days = await engine.days({ range: { from: oldest, until: endOfClosedDays() }, signal });
		let tooMuch = overBudget;
		let before: Nanos | undefined;
		for (const { day, bytes } of days) {
			if (tooMuch <= 0) break;
			tooMuch -= bytes;
			before = day + dayNs;
		}
		if (before === undefined) return total;
		log.warn("The history is over its budget: the oldest days are forgotten", { bytes: used, budgetBytes });
		const gone = await engine.forget({ tags: everything, before, signal });
		const after = (await engine.figures()).bytes;
		overBudget = after > budgetBytes ? after - budgetBytes : undefined;
		return gone;
	}

	async function work(): Promise<Run> {
		const { signal } = stopping;
		const began = clock.monotonicMs();
		const run: Run = {
			at: clock.nowMs(),
			tookMs: 0,
			days: 0,
			rows: 0,
			bytesBefore: 0,
			bytesAfter: 0,
			forgottenRows: 0,
			forgottenBytes: 0,
		};
		try {
			// What is to be forgotten need not be sorted first.
			for (const step of [forgetOld, keepBudget]) {
				const { rows, bytes } = await step(signal);
				run.forgottenRows += rows;
				run.forgottenBytes += bytes;
			}
			Object.assign(run, await engine.tidy({ until: endOfClosedDays(), signal }));
		} catch (thrown) {
			if (signal.aborted) return run;
			const error = asMillwrightError(thrown);
			run.failed = error.message;
			log.error("The history could not be tidied; it goes on as it is", {
				code: error.code,
				reason: error.message,
				hint: error.hint,
			});
		}
		run.tookMs = clock.monotonicMs() - began;
		lastRun = run;
		if (run.days > 0 || run.forgottenRows > 0) log.info("The history was tidied", { ...run });
		return run;
	}

	function run(): Promise<Run> {
		running ??= work().finally(() => {
			running = undefined;
		});
		return running;
	}

	function plan(afterMs: number): void {
		timer?.cancel();
		nextRunAt = clock.nowMs() + afterMs;
		timer = clock.after(afterMs, () => {
			void run().finally(() => {
				if (!stopping.signal.aborted) plan(settings().every);
			});
		});
	}

	return {
		start(): void {
			stopping = new AbortController();
			plan(firstAfterMs);
		},
		async stop(): Promise<void> {
			timer?.cancel();
			stopping.abort();
			await running?.catch(() => {});
		},
		run,
		get running(): boolean {
			return running !== undefined;
		},
		get nextRunAt(): number | undefined {
			return nextRunAt;
		},
		get lastRun(): Run | undefined {
			return lastRun;
		},
		health(): Health {
			if (lastRun?.failed) return { state: "degraded", reason: `The history could not be tidied: ${lastRun.failed}` };
			if (overBudget !== undefined)
				return {
					state: "degraded",
					reason: `The history is ${Math.ceil(overBudget / 1e6)} MB over its budget`,
					hint: "Shorten how long samples are kept, raise history.storage.budgetBytes, or let the oldest days be forgotten.",
				};
			return { state: "good" };
		},
	};
}
export type Housekeeping = ReturnType<typeof createHousekeeping>;
