/** Parts a stream of MQTT bytes into whole packets. Source: MQTT 5.0 §2.1. */
export function createFrames(): (bytes: Buffer) => Buffer[] {
	let rest: Buffer = Buffer.alloc(0);
	return (bytes) => {
		rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
		const packets: Buffer[] = [];
		for (;;) {
			const length = lengthOf(rest);
			if (length === undefined || rest.length < length) return packets;
			packets.push(rest.subarray(0, length));
			rest = rest.subarray(length);
		}
	};
}

/** Of the packet at the beginning; undefined while its header is not whole. */
function lengthOf(bytes: Buffer): number | undefined {
	let remaining = 0;
	for (let at = 1; at <= 4; at++) {
		const byte = bytes[at];
		if (byte === undefined) return undefined;
		remaining += (byte & 0x7f) * 128 ** (at - 1);
		if (byte < 0x80) return 1 + at + remaining;
	}
	throw new Error("a remaining length of more than four bytes");
}

export interface Publish {
	topic: string;
	qos: number;
	packetId: number;
	payload: Buffer;
}

const publishType = 3;

/** A PUBLISH of MQTT 5; undefined for every other packet. */
export function readPublish(packet: Buffer): Publish | undefined {
	const head = packet[0] as number;
	if (head >> 4 !== publishType) return undefined;
	let at = 1;
	while ((packet[at++] as number) >= 0x80);
	const topicLength = packet.readUInt16BE(at);
	const topic = packet.toString("utf8", at + 2, at + 2 + topicLength);
	at += 2 + topicLength;
	const qos = (head >> 1) & 3;
	const packetId = qos > 0 ? packet.readUInt16BE(at) : 0;
	if (qos > 0) at += 2;
	let properties = 0;
	for (let shift = 0; ; shift += 7) {
		const byte = packet[at++] as number;
		properties |= (byte & 0x7f) << shift;
		if (byte < 0x80) break;
	}
	return { topic, qos, packetId, payload: packet.subarray(at + properties) };
}

/** Without properties. */
export function writePublish({ topic, qos, packetId, payload }: Publish): Buffer {
	const name = Buffer.from(topic);
	const variable = Buffer.alloc(2 + name.length + (qos > 0 ? 2 : 0) + 1);
	variable.writeUInt16BE(name.length, 0);
	name.copy(variable, 2);
	if (qos > 0) variable.writeUInt16BE(packetId, 2 + name.length);
	const length: number[] = [];
	let left = variable.length + payload.length;
	do {
		length.push((left % 128) + (left >= 128 ? 128 : 0));
		left = Math.floor(left / 128);
	} while (left > 0);
	return Buffer.concat([Buffer.from([(publishType << 4) | (qos << 1), ...length]), variable, payload]);
}
