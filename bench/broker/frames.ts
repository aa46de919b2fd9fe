/** MQTT 3.1.1 by hand: the generator must be faster than every broker it measures. */

export interface Shape {
	topic: string;
	bytes: number;
	qos: 0 | 1;
}

function lengthBytes(length: number): number[] {
	const bytes: number[] = [];
	let left = length;
	do {
		const low = left % 128;
		left = Math.floor(left / 128);
		bytes.push(left > 0 ? low | 128 : low);
	} while (left > 0);
	return bytes;
}

const text = (value: string): Buffer => {
	const bytes = Buffer.from(value);
	return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

const packet = (first: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([first, ...lengthBytes(body.length)]), body]);

/** Keep alive of 300 s. */
export const connectFrame = (clientId: string, lasting: boolean): Buffer =>
	packet(0x10, Buffer.concat([text("MQTT"), Buffer.from([4, lasting ? 0 : 2, 1, 44]), text(clientId)]));

export const subscribeFrame = (filter: string, qos: 0 | 1): Buffer =>
	packet(0x82, Buffer.concat([Buffer.from([0, 1]), text(filter), Buffer.from([qos])]));

export function publishFrame({ topic, bytes, qos }: Shape, packetId: number): Buffer {
	const id = qos === 0 ? Buffer.alloc(0) : Buffer.from([packetId >> 8, packetId & 0xff]);
	return packet(0x30 | (qos << 1), Buffer.concat([text(topic), id, Buffer.alloc(bytes, "v")]));
}

/** Ids 1 to `count`, one frame behind the other, all of the same length. */
export const frameRing = (shape: Shape, count: number): Buffer =>
	Buffer.concat(Array.from({ length: count }, (_, index) => publishFrame(shape, index + 1)));

/** Where an id stands in a PUBLISH, counted from the topic's length. */
export const idAfterTopic = (bytes: Buffer, body: number): number => body + 2 + bytes.readUInt16BE(body);
