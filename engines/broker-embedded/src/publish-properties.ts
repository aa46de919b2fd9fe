import type { MessageProperties } from "@millwright/core";
import { ProtocolError, Reason } from "./reason-codes.ts";
import { readVarInt, varIntSize, writeVarInt } from "./var-int.ts";

/** Property identifiers of PUBLISH and wills. Source: MQTT 5 §2.2.2.2. */
const id = {
	payloadFormat: 0x01,
	messageExpiry: 0x02,
	contentType: 0x03,
	responseTopic: 0x08,
	correlationData: 0x09,
	subscriptionIdentifier: 0x0b,
	topicAlias: 0x23,
	userProperty: 0x26,
} as const;

export const noBytes = Buffer.alloc(0);

export interface ScannedProperties {
	/** What is passed on to subscribers byte for byte, so that the order of user properties survives. */
	forward: Buffer;
	topicAlias: number | undefined;
	expirySeconds: number | undefined;
	responseTopic: boolean;
}

const malformed = (what: string): ProtocolError => new ProtocolError(Reason.malformed, what);
const repeated = (what: string): ProtocolError => new ProtocolError(Reason.protocolError, `${what} is given twice`);

/** Checks the properties of a client's PUBLISH in [start, end) and takes out what ends at this broker. */
export function scanProperties(bytes: Buffer, start: number, end: number): ScannedProperties {
	const found: ScannedProperties = { forward: noBytes, topicAlias: undefined, expirySeconds: undefined, responseTopic: false };
	const kept: Buffer[] = [];
	const seen = new Set<number>();
	let keepFrom = start;
	let at = start;
	while (at < end) {
		const begin = at;
		const property = bytes[at++] as number;
		if (property !== id.userProperty) {
			if (seen.has(property)) throw repeated(`Property ${property}`);
			seen.add(property);
		}
		at = endOfProperty(bytes, property, at, end);
		if (property === id.topicAlias) found.topicAlias = bytes.readUInt16BE(begin + 1);
		else if (property === id.messageExpiry) found.expirySeconds = bytes.readUInt32BE(begin + 1);
		else {
			if (property === id.responseTopic) found.responseTopic = true;
			continue;
		}
		if (begin > keepFrom) kept.push(bytes.subarray(keepFrom, begin));
		keepFrom = at;
	}
	if (end > keepFrom) kept.push(bytes.subarray(keepFrom, end));
	found.forward = kept.length === 0 ? noBytes : kept.length === 1 ? (kept[0] as Buffer) : Buffer.concat(kept);
	return found;
}

function endOfProperty(bytes: Buffer, property: number, at: number, end: number): number {
	const sized = (from: number): number => {
		if (from + 2 > end) throw malformed("A property ends too early");
		const to = from + 2 + bytes.readUInt16BE(from);
		if (to > end) throw malformed("A property ends too early");
		return to;
	};
	let to: number;
	switch (property) {
		case id.payloadFormat:
			to = at + 1;
			if (to <= end && (bytes[at] as number) > 1) throw new ProtocolError(Reason.protocolError, "Payload format must be 0 or 1");
			break;
		case id.messageExpiry:
			to = at + 4;
			break;
		case id.topicAlias:
			to = at + 2;
			break;
		case id.contentType:
		case id.responseTopic:
		case id.correlationData:
			return sized(at);
		case id.userProperty:
			return sized(sized(at));
		case id.subscriptionIdentifier:
			throw new ProtocolError(Reason.protocolError, "A client may not send a subscription identifier");
		default:
			throw malformed(`Property ${property} does not belong to PUBLISH`);
	}
	if (to > end) throw malformed("A property ends too early");
	return to;
}

/** The forwarded bytes as an object, for listeners in the process. They were checked by `scanProperties`. */
export function decodeProperties(forward: Buffer): MessageProperties {
	const properties: MessageProperties = {};
	let at = 0;
	const text = (): string => {
		const length = forward.readUInt16BE(at);
		at += 2 + length;
		return forward.toString("utf8", at - length, at);
	};
	while (at < forward.length) {
		const property = forward[at++] as number;
		if (property === id.payloadFormat) properties.payloadFormatIndicator = forward[at++] === 1;
		else if (property === id.contentType) properties.contentType = text();
		else if (property === id.responseTopic) properties.responseTopic = text();
		else if (property === id.correlationData) {
			const length = forward.readUInt16BE(at);
			at += 2 + length;
			properties.correlationData = forward.subarray(at - length, at);
		} else addUserProperty(properties, text(), text());
	}
	return properties;
}

function addUserProperty(properties: MessageProperties, name: string, value: string): void {
	// No prototype: a name is whatever a stranger sent.
	properties.userProperties ??= Object.create(null) as Record<string, string | string[]>;
	const users = properties.userProperties;
	const before = users[name];
	if (before === undefined) users[name] = value;
	else if (Array.isArray(before)) before.push(value);
	else users[name] = [before, value];
}

function textProperty(property: number, value: string | Uint8Array): Buffer {
	const bytes = typeof value === "string" ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
	if (bytes.length > 65_535) throw new ProtocolError(Reason.packetTooLarge, "A property is longer than 65,535 bytes");
	const head = Buffer.allocUnsafe(3);
	head[0] = property;
	head.writeUInt16BE(bytes.length, 1);
	return Buffer.concat([head, bytes]);
}

/** The other way; expiry is not part of it, because it changes while a message waits. */
export function encodeProperties(properties: MessageProperties | undefined): Buffer {
	if (properties === undefined) return noBytes;
	const parts: Buffer[] = [];
	if (properties.payloadFormatIndicator !== undefined)
		parts.push(Buffer.from([id.payloadFormat, properties.payloadFormatIndicator ? 1 : 0]));
	if (properties.contentType !== undefined) parts.push(textProperty(id.contentType, properties.contentType));
	if (properties.responseTopic !== undefined) parts.push(textProperty(id.responseTopic, properties.responseTopic));
	if (properties.correlationData !== undefined) parts.push(textProperty(id.correlationData, properties.correlationData));
	for (const [name, values] of Object.entries(properties.userProperties ?? {}))
		for (const value of Array.isArray(values) ? values : [values])
			parts.push(textProperty(id.userProperty, name), textProperty(0, value).subarray(1));
	return parts.length === 0 ? noBytes : Buffer.concat(parts);
}

/** Bytes that `writeProperties` will take, its own length included. */
export function propertiesSize(forward: Buffer, expirySeconds: number | undefined, ids: readonly number[] | undefined): number {
	const inside = insideSize(forward, expirySeconds, ids);
	return varIntSize(inside) + inside;
}

function insideSize(forward: Buffer, expirySeconds: number | undefined, ids: readonly number[] | undefined): number {
	let inside = forward.length + (expirySeconds === undefined ? 0 : 5);
	if (ids !== undefined) for (const one of ids) inside += 1 + varIntSize(one);
	return inside;
}

export function writeProperties(
	to: Buffer,
	at: number,
	forward: Buffer,
	expirySeconds: number | undefined,
	ids: readonly number[] | undefined,
): number {
	let position = writeVarInt(to, at, insideSize(forward, expirySeconds, ids));
	if (expirySeconds !== undefined) {
		to[position] = id.messageExpiry;
		to.writeUInt32BE(expirySeconds, position + 1);
		position += 5;
	}
	if (ids !== undefined)
		for (const one of ids) {
			to[position] = id.subscriptionIdentifier;
			position = writeVarInt(to, position + 1, one);
		}
	if (forward.length > 0) to.set(forward, position);
	return position + forward.length;
}

/** Length of a property block at `at` and where its content begins. */
export function propertyBlock(bytes: Buffer, at: number, end: number): { from: number; until: number } {
	const length = readVarInt(bytes, at, end);
	if (length < 0) throw malformed("The property length is broken");
	let from = at + varIntSize(length);
	while (((bytes[from - 1] as number) & 0x80) !== 0) from++;
	if (from + length > end) throw malformed("The properties end behind the packet");
	return { from, until: from + length };
}
