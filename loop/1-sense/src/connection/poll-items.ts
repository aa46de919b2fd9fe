import { type Clock, type ItemSession, Quality, type Reading } from "@millwright/core";
import type { Request } from "./requests.ts";
import type { Intake, TagState } from "./tag-state.ts";

/** Items in one request; what the narrowest servers take. */
export const itemChunk = 1000;

export const chunksOf = <T>(list: readonly T[], size = itemChunk): T[][] =>
	Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));

/** One reading into its tag; a reading that is none is the device's fault, not ours. */
export function takeReading(intake: Intake, tag: TagState, reading: Reading | undefined, clock: Clock, steadyMs: number): void {
	if (!reading || typeof reading.time !== "bigint") {
		const now = clock.now();
		intake.take(tag, null, now, Number(now) / 1e6, Quality.badDevice, "No reading in the answer", steadyMs);
		return;
	}
	intake.take(tag, reading.value, reading.time, Number(reading.time) / 1e6, reading.quality, reading.reason, steadyMs);
}

/** Reads tags of one pace from a machine with named items. */
export function createItemPoll({
	tags,
	session,
	request,
	intake,
	clock,
}: {
	tags: readonly TagState[];
	session: ItemSession<unknown>;
	request: Request;
	intake: Intake;
	clock: Clock;
}): () => Promise<void> {
	const chunks = chunksOf(tags);
	return async () => {
		await Promise.all(
			chunks.map(async (chunk) => {
				let readings: Reading[];
				try {
					readings = await request((signal) =>
						session.read(
							chunk.map((tag) => tag.address),
							signal,
						),
					);
				} catch {
					// Counted by the request; silence turns the tags stale.
					return;
				}
				const steady = clock.monotonicMs();
				intake.readAt(Number(clock.now()) / 1e6);
				for (const [i, tag] of chunk.entries()) takeReading(intake, tag, readings[i], clock, steady);
			}),
		);
	};
}
