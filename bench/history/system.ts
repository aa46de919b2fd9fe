import type { SampleBatch } from "../../base/core/src/index.ts";

/** One of the systems beside each other: loaded with the same rows, asked the same. */
export interface System {
	name: string;
	version: string;
	/** Makes ready what has to be sent, untimed; `send` is timed and ends when everything is durable. */
	prepare(batches: readonly SampleBatch[]): { send(): Promise<void> };
	/** After loading: whatever the system does by itself when it is left alone, so that it is measured at its best. */
	settle(): Promise<{ bytes: number; note?: string }>;
	dayAtMinute(tag: number, from: bigint): Promise<number>;
	monthAtHour(tags: readonly number[], from: bigint): Promise<number>;
	rawHour(tag: number, from: bigint): Promise<number>;
	lastOfAll(): Promise<number>;
	stop(): Promise<void>;
}
