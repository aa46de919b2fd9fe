import type { Broker, Bus, Clock } from "@millwright/core";
import { contractBroken, type DeadLetter } from "./api.ts";

const shownCharacters = 2000;
/** Events a second; every letter is kept and counted all the same. */
const eventsPerSecond = 20;

/** Messages that broke the contract: kept in memory, published with the reason, told as an event. */
export function createDeadLetters(tools: { broker: Broker; bus: Bus; clock: Clock; keep: () => number; root: () => string }) {
	const { broker, bus, clock } = tools;
	const letters: DeadLetter[] = [];
	let count = 0;
	let second = 0;
	let told = 0;

	function mayTell(nowMs: number): boolean {
		const now = Math.floor(nowMs / 1000);
		if (now !== second) {
			second = now;
			told = 0;
		}
		return ++told <= eventsPerSecond;
	}

	return {
		/** Since start. */
		get count() {
			return count;
		},
		/** Newest first. */
		list(limit: number, offset: number, isSeen: (letter: DeadLetter) => boolean): { letters: DeadLetter[]; total: number } {
			const seen = letters.filter(isSeen).reverse();
			return { letters: seen.slice(offset, offset + limit), total: seen.length };
		},
		add(
			message: { topic: string; payload: Uint8Array; client: { id: string; principal: string } },
			code: string,
			reason: string,
		) {
			const at = clock.nowMs();
			const letter: DeadLetter = {
				id: ++count,
				at,
				topic: message.topic,
				client: message.client.id,
				principal: message.client.principal,
				code,
				reason,
				// Four bytes a character at most; what is cut in half at the end falls off with the slice.
				payload: Buffer.from(message.payload.subarray(0, shownCharacters * 4))
					.toString()
					.slice(0, shownCharacters),
				bytes: message.payload.length,
			};
			letters.push(letter);
			if (letters.length > tools.keep()) letters.splice(0, letters.length - tools.keep());
			broker.publish({
				topic: `${tools.root()}-dead-letter/${message.topic}`,
				payload: () => Buffer.from(JSON.stringify(letter)),
				properties: {
					contentType: "application/json",
					userProperties: { code, reason, client: message.client.id },
				},
			});
			if (mayTell(at)) bus.emit(contractBroken, letter);
		},
	};
}
export type DeadLetters = ReturnType<typeof createDeadLetters>;
