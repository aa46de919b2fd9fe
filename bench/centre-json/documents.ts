/**
 * The document of the sources as a ready PUBLISH, about 300 bytes of payload, in which only digits are written anew for each
 * message: time, number and value. All frames of a topic have the same length.
 */
export interface Template {
	readonly frame: Buffer;
	/** Where digits begin, in the frame. */
	readonly packetId: number;
	readonly seconds: number;
	readonly nanos: number;
	readonly seq: number;
	readonly value: number;
}

const digitsOfSeq = 9;
const digitsOfValue = 8;
/** Of the first value, so that every value has as many digits. */
export const firstValue = 10_000_000;

export const topicOf = (index: number): string => `bench/line-${Math.floor(index / 50)}/machine-${index}/temperature`;

export function template(index: number, qos: 0 | 1): Template {
	const asset = `bench/line-${Math.floor(index / 50)}/machine-${index}`;
	const payload = `{"timestamp":"2026-01-01T00:00:00.000000000Z","seq":${"1".padEnd(digitsOfSeq, "0")},"source":{"device_id":"RTU-${index}","location":"${asset}","protocol":"modbus","unit_id":1},"measurement":{"name":"temperature","value":${firstValue}.5,"unit":"Cel","range":[0,100000000],"quality":"Good"},"context":{"setpoint":75,"control_mode":"auto","alarm_status":"none"}}`;
	const topic = Buffer.from(`udt/${topicOf(index)}`);
	// MQTT 5: topic, packet id with QoS 1, no properties.
	const length = 2 + topic.length + (qos > 0 ? 2 : 0) + 1 + payload.length;
	const head = Buffer.from([
		0x30 | (qos << 1),
		(length % 128) | 128,
		Math.floor(length / 128),
		topic.length >> 8,
		topic.length & 255,
	]);
	const id = head.length + topic.length;
	const frame = Buffer.concat([head, topic, Buffer.alloc(qos > 0 ? 3 : 1), Buffer.from(payload)]);
	return {
		frame,
		packetId: id,
		seconds: frame.indexOf("2026-01-01"),
		nanos: frame.indexOf(".000000000Z") + 1,
		seq: frame.indexOf('"seq":') + 6,
		value: frame.indexOf('"value":') + 8,
	};
}

/** The text's last digits are the number's; there are enough of them. */
export function writeDigits(into: Buffer, at: number, digits: number, number: number): void {
	let left = number;
	for (let i = at + digits - 1; i >= at; i--) {
		const next = Math.floor(left / 10);
		into[i] = 48 + left - next * 10;
		left = next;
	}
}

/** One more message of a topic, behind what is in `into` already; answers with where it ends. */
export function writeMessage(
	into: Buffer,
	at: number,
	from: Template,
	about: { second: Buffer; nanos: number; count: number; packetId: number },
): number {
	from.frame.copy(into, at);
	about.second.copy(into, at + from.seconds);
	writeDigits(into, at + from.nanos, 9, about.nanos);
	writeDigits(into, at + from.seq + 1, digitsOfSeq - 1, about.count);
	writeDigits(into, at + from.value, digitsOfValue, firstValue + about.count);
	if (about.packetId > 0) {
		into[at + from.packetId] = about.packetId >> 8;
		into[at + from.packetId + 1] = about.packetId & 255;
	}
	return at + from.frame.length;
}
