import { generate, type Packet, parser } from "mqtt-packet";
import { ProtocolError, Reason } from "./reason-codes.ts";
import { varIntSize, writeVarInt } from "./var-int.ts";

export interface Dialect {
	protocolVersion: 3 | 4 | 5;
	bridgeMode: boolean;
}

/** Everything but PUBLISH and its acknowledgements: rare, so a parser a packet is cheap enough and no state can leak from one to the next. */
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

export const packetType = { publish: 3, puback: 4, pubrec: 5, pubrel: 6, pubcomp: 7, pingreq: 12 } as const;

/** PUBACK, PUBREC, PUBREL and PUBCOMP by hand: one to three for every message of QoS 1 or 2. Source: MQTT 5 §3.4 to §3.7. */
export function encodeAcknowledgement(
	type: number,
	packetId: number,
	reason: number,
	to: { version: 3 | 4 | 5; explain: boolean },
	why?: string,
): Buffer {
	const first = (type << 4) | (type === packetType.pubrel ? 2 : 0);
	if (to.version !== 5 || reason === 0) return Buffer.from([first, 2, packetId >> 8, packetId & 0xff]);
	if (why === undefined || !to.explain) return Buffer.from([first, 3, packetId >> 8, packetId & 0xff, reason]);
	const text = Buffer.from(why.slice(0, 100));
	const bytes = Buffer.allocUnsafe(2 + 4 + 3 + text.length + 8);
	let at = writeVarInt(bytes, 1, 3 + varIntSize(3 + text.length) + 3 + text.length);
	bytes[0] = first;
	at = bytes.writeUInt16BE(packetId, at);
	at = bytes.writeUInt8(reason, at);
	at = writeVarInt(bytes, at, 3 + text.length);
	// Reason string, MQTT 5 §2.2.2.2.
	at = bytes.writeUInt8(0x1f, at);
	at = bytes.writeUInt16BE(text.length, at);
	bytes.set(text, at);
	return bytes.subarray(0, at + text.length);
}
