import { randomBytes } from "node:crypto";
import { encodeEnvelope, openEnvelope } from "@millwright/core";
import { signWith } from "../../loop/2-namespace/src/gateways/keys.ts";
import type { Middle } from "./cable.ts";
import { readPublish, writePublish } from "./mqtt-frames.ts";

export const tricks = ["duplicated", "overtaken", "truncated", "flipped", "re-signed", "replayed", "swallowed", "torn"] as const;
export type Trick = (typeof tricks)[number];

/** Recordings kept for sending again, from all lines there were. */
const mostRecorded = 400;

/**
 * A man in the middle who knows MQTT and no key: of the messages that cross a line he sends some twice, some late, some cut
 * short, some with a bit changed, some signed by himself, and old ones again; he keeps some, and tears the line in the middle
 * of one.
 */
export function createTampering({
	random,
	share,
	tear,
}: {
	random: () => number;
	/** Of the messages that something is done to. */
	share: number;
	tear(): void;
}): { middle(): Middle; done: Record<Trick, number> } {
	const done = Object.fromEntries(tricks.map((trick) => [trick, 0])) as Record<Trick, number>;
	const recorded = { up: [] as Buffer[], down: [] as Buffer[] };
	const stranger = { id: "00000000", secret: randomBytes(32) };
	const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

	/** Sent by nobody who waits for an answer. */
	const ofOurs = (topic: string, payload: Buffer): Buffer => writePublish({ topic, qos: 0, packetId: 0, payload });

	function direction(way: "up" | "down"): (packet: Buffer) => Buffer[] {
		const late: Buffer[] = [];
		return (packet) => {
			const message = readPublish(packet);
			if (!message) return [packet];
			const behind = late.splice(0);
			const { topic, payload } = message;
			const recordings = recorded[way];
			recordings.push(ofOurs(topic, Buffer.from(payload)));
			if (recordings.length > mostRecorded) recordings.splice(Math.floor(random() * mostRecorded), 1);
			if (random() >= share) return [packet, ...behind];
			const trick = pick(tricks);
			done[trick]++;
			switch (trick) {
				case "duplicated":
					return [packet, ofOurs(topic, payload), ...behind];
				case "overtaken":
					late.push(packet);
					return behind;
				case "truncated":
					return [writePublish({ ...message, payload: payload.subarray(0, Math.floor(random() * payload.length)) }), ...behind];
				case "flipped": {
					const changed = Buffer.from(payload);
					const at = Math.floor(random() * changed.length);
					changed[at] = (changed[at] as number) ^ (1 << Math.floor(random() * 8));
					return [writePublish({ ...message, payload: changed }), ...behind];
				}
				case "re-signed": {
					const { body, signed: _, signature: __, ...head } = openEnvelope(payload);
					const made = encodeEnvelope({ ...head, counter: head.counter + 1, key: stranger.id }, body, signWith(stranger));
					return [packet, ofOurs(topic, Buffer.from(made)), ...behind];
				}
				case "replayed":
					return [packet, pick(recordings), pick(recordings), ...behind];
				case "swallowed":
					// Acknowledged by the broker all the same: an empty message goes in its place.
					return [writePublish({ ...message, payload: Buffer.alloc(0) }), ...behind];
				case "torn":
					setImmediate(tear);
					return [...behind, packet.subarray(0, Math.floor(packet.length / 2))];
			}
		};
	}
	return { middle: () => ({ up: direction("up"), down: direction("down") }), done };
}
