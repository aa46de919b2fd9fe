import {
	noBytes,
	propertiesSize,
	propertyBlock,
	type ScannedProperties,
	scanProperties,
	writeProperties,
} from "./publish-properties.ts";
import { ProtocolError, Reason } from "./reason-codes.ts";
import { varIntSize, writeVarInt } from "./var-int.ts";

/** A PUBLISH as it came; payload and properties are views into the read buffer. */
export interface ParsedPublish {
	topic: string;
	qos: 0 | 1 | 2;
	dup: boolean;
	retain: boolean;
	packetId: number;
	payload: Buffer;
	properties: ScannedProperties | undefined;
}

/** The hot path in: `start` is the first byte of the packet, `body` the first behind the fixed header. Source: MQTT 5 §3.3. */
export function parsePublish(bytes: Buffer, start: number, body: number, end: number, version: 3 | 4 | 5): ParsedPublish {
	const flags = bytes[start] as number;
	const qos = (flags >> 1) & 3;
	if (qos === 3) throw new ProtocolError(Reason.malformed, "QoS 3 does not exist");
	if (body + 2 > end) throw new ProtocolError(Reason.malformed, "PUBLISH without a topic");
	const topicEnd = body + 2 + (((bytes[body] as number) << 8) | (bytes[body + 1] as number));
	if (topicEnd > end) throw new ProtocolError(Reason.malformed, "The topic ends behind the packet");
	const topic = bytes.toString("utf8", body + 2, topicEnd);
	let at = topicEnd;
	let packetId = 0;
	if (qos > 0) {
		if (at + 2 > end) throw new ProtocolError(Reason.malformed, "PUBLISH without a packet identifier");
		packetId = bytes.readUInt16BE(at);
		if (packetId === 0) throw new ProtocolError(Reason.malformed, "Packet identifier 0");
		at += 2;
	}
	let properties: ScannedProperties | undefined;
	if (version === 5) {
		if (at < end && bytes[at] === 0) at++;
		else {
			const block = propertyBlock(bytes, at, end);
			properties = scanProperties(bytes, block.from, block.until);
			at = block.until;
		}
	}
	return {
		topic,
		qos: qos as 0 | 1 | 2,
		dup: (flags & 8) !== 0,
		retain: (flags & 1) !== 0,
		packetId,
		payload: bytes.subarray(at, end),
		properties,
	};
}

export interface PublishToWrite {
	topic: string;
	payload: Uint8Array;
	qos: 0 | 1 | 2;
	dup: boolean;
	retain: boolean;
	/** Of QoS 1 and 2. */
	packetId: number;
	/** MQTT 5 only: forwarded property bytes. */
	forward: Buffer;
	expirySeconds: number | undefined;
	subscriptionIds: readonly number[] | undefined;
}

/** The hot path out: one buffer a packet. */
export function encodePublish(message: PublishToWrite, version: 3 | 4 | 5): Buffer {
	const topicBytes = Buffer.byteLength(message.topic);
	const forward = message.forward.length === 0 ? noBytes : message.forward;
	const properties = version === 5 ? propertiesSize(forward, message.expirySeconds, message.subscriptionIds) : 0;
	const remaining = 2 + topicBytes + (message.qos > 0 ? 2 : 0) + properties + message.payload.length;
	const bytes = Buffer.allocUnsafe(1 + varIntSize(remaining) + remaining);
	bytes[0] = 0x30 | (message.dup ? 8 : 0) | (message.qos << 1) | (message.retain ? 1 : 0);
	let at = writeVarInt(bytes, 1, remaining);
	bytes[at] = topicBytes >> 8;
	bytes[at + 1] = topicBytes & 0xff;
	at += 2;
	bytes.write(message.topic, at);
	at += topicBytes;
	if (message.qos > 0) {
		bytes[at] = message.packetId >> 8;
		bytes[at + 1] = message.packetId & 0xff;
		at += 2;
	}
	if (version === 5) at = writeProperties(bytes, at, forward, message.expirySeconds, message.subscriptionIds);
	bytes.set(message.payload, at);
	return bytes;
}
