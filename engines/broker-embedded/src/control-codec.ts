import { generate, type Packet, parser } from "mqtt-packet";
import { ProtocolError, Reason } from "./reason-codes.ts";

export interface Dialect {
	protocolVersion: 3 | 4 | 5;
	bridgeMode: boolean;
}

/** Everything but PUBLISH and PUBACK: rare, so a parser a packet is cheap enough and no state can leak from one to the next. */
export function parseControl(packet: Buffer, dialect: Dialect | undefined): Packet {
	let parsed: Packet | undefined;
	let failure: unknown;
	const one = parser(dialect ?? {});
	one.on("packet", (found) => {
		parsed ??= found;
	});
	one.on("error", (error) => {
		failure ??= error;
	});
	try {
		one.parse(packet);
	} catch (error) {
		failure ??= error;
	}
	if (failure !== undefined) {
		const message = failure instanceof Error ? failure.message : String(failure);
		throw new ProtocolError(message === "Invalid protocol version" ? Reason.unsupportedVersion : Reason.malformed, message);
	}
	if (parsed === undefined) throw new ProtocolError(Reason.malformed, "The packet is not complete");
	return parsed;
}

export const encodeControl = (packet: Packet, version: 3 | 4 | 5): Buffer => generate(packet, { protocolVersion: version });

export const pingResponse = Buffer.from([0xd0, 0x00]);

/** PUBACK by hand: one for every QoS 1 message. */
export function encodePuback(packetId: number, reason: number, version: 3 | 4 | 5): Buffer {
	if (version !== 5 || reason === 0) return Buffer.from([0x40, 2, packetId >> 8, packetId & 0xff]);
	return Buffer.from([0x40, 3, packetId >> 8, packetId & 0xff, reason]);
}
