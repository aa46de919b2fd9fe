import { MillwrightError } from "./errors.ts";

/*
 * What travels between a gateway and its centre, signed. Numbers are little-endian; "varint" is LEB128.
 *
 *   u8 0x4D "M"  u8 0x45 "E"  u8 version (1)  u8 kind
 *   f64 sentAtMs          wall clock of the sender, ms since 1970
 *   f64 epoch             of the sender: rises with each of its starts
 *   varint counter        of the sender's messages in this epoch, rising
 *   varint dictionary     which tag dictionary the ids inside belong to; 0 for none
 *   varint n, n bytes     gateway, UTF-8: whose line this is, whoever sends
 *   varint n, n bytes     key, UTF-8: by which of the gateway's keys it is signed
 *   body                  by kind
 *   32 bytes              HMAC-SHA256 over everything before
 *
 * Body of `batches`, once a batch:
 *   u8 lane (0 live, 1 backlog, 2 asked)   varint after + 1   varint n, n bytes as encodeBatch writes them
 *
 * `after`: the last number of the batch that the sender sent before this one in the same lane of the same connection and
 * epoch, so that the receiver can tell a message that was overtaken from numbers that went another way; -1 for none.
 */
export const envelopeKinds = ["batches", "tags", "state", "receipt", "ask"] as const;
export type EnvelopeKind = (typeof envelopeKinds)[number];
export const envelopeLanes = ["live", "backlog", "asked"] as const;
export type EnvelopeLane = (typeof envelopeLanes)[number];

export interface EnvelopeHead {
	kind: EnvelopeKind;
	sentAtMs: number;
	epoch: number;
	counter: number;
	dictionary: number;
	gateway: string;
	key: string;
}

export interface Envelope extends EnvelopeHead {
	/** Views of the message's bytes. */
	body: Uint8Array;
	signed: Uint8Array;
	signature: Uint8Array;
}

export interface EnvelopeEntry {
	lane: EnvelopeLane;
	after: number;
	/** As `encodeBatch` writes them. */
	bytes: Uint8Array;
}

/** HMAC-SHA256 of the bytes, 32 bytes. */
export type Sign = (bytes: Uint8Array) => Uint8Array;

const magic = [0x4d, 0x45, 1] as const;
export const signatureBytes = 32;
const longestName = 256;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function encodeEnvelope(head: EnvelopeHead, body: Uint8Array | readonly EnvelopeEntry[], sign: Sign): Uint8Array {
	const gateway = encoder.encode(head.gateway);
	const key = encoder.encode(head.key);
	const bodyRoom =
		body instanceof Uint8Array ? body.length : body.reduce((sum, { bytes }) => sum + 1 + 10 + 10 + bytes.length, 0);
	const bytes = new Uint8Array(64 + gateway.length + key.length + bodyRoom + signatureBytes);
	const view = new DataView(bytes.buffer);
	bytes.set(magic);
	bytes[3] = envelopeKinds.indexOf(head.kind);
	view.setFloat64(4, head.sentAtMs, true);
	view.setFloat64(12, head.epoch, true);
	let at = putVarint(bytes, 20, head.counter);
	at = putVarint(bytes, at, head.dictionary);
	at = putBytes(bytes, at, gateway);
	at = putBytes(bytes, at, key);
	if (body instanceof Uint8Array) {
		bytes.set(body, at);
		at += body.length;
	} else
		for (const entry of body) {
			bytes[at++] = envelopeLanes.indexOf(entry.lane);
			at = putVarint(bytes, at, entry.after + 1);
			at = putBytes(bytes, at, entry.bytes);
		}
	bytes.set(sign(bytes.subarray(0, at)), at);
	return bytes.slice(0, at + signatureBytes);
}

/** Splits a message without judging its signature; throws `core.envelope-invalid` on anything that is not one. */
export function openEnvelope(bytes: Uint8Array): Envelope {
	const end = bytes.length - signatureBytes;
	if (end < 24) refuse("it is too short");
	if (bytes[0] !== magic[0] || bytes[1] !== magic[1]) refuse("it does not begin like one");
	if (bytes[2] !== magic[2]) refuse(`version ${bytes[2]} is unknown here`);
	const kind = envelopeKinds[bytes[3] as number];
	if (kind === undefined) return refuse("its kind is unknown");
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const sentAtMs = view.getFloat64(4, true);
	const epoch = view.getFloat64(12, true);
	if (!Number.isFinite(sentAtMs) || !Number.isSafeInteger(epoch) || epoch < 0) refuse("its times are none");
	place = 20;
	const counter = varint(bytes, end);
	const dictionary = varint(bytes, end);
	const gateway = text(bytes, end);
	const key = text(bytes, end);
	return {
		kind,
		sentAtMs,
		epoch,
		counter,
		dictionary,
		gateway,
		key,
		body: bytes.subarray(place, end),
		signed: bytes.subarray(0, end),
		signature: bytes.subarray(end),
	};
}

/** The batches of a body, as views; throws `core.envelope-invalid`. Call it only once the signature has been judged. */
export function openEntries(body: Uint8Array): EnvelopeEntry[] {
	const entries: EnvelopeEntry[] = [];
	place = 0;
	while (place < body.length) {
		const lane = envelopeLanes[body[place++] as number];
		if (lane === undefined) return refuse("a lane is unknown");
		const after = varint(body, body.length) - 1;
		const length = varint(body, body.length);
		if (length > body.length - place) refuse("a batch ends too early");
		entries.push({ lane, after, bytes: body.subarray(place, place + length) });
		place += length;
	}
	return entries;
}

/** Where the reading is; one reader at a time, since nothing here waits. */
let place = 0;

function varint(bytes: Uint8Array, end: number): number {
	let value = 0;
	let weight = 1;
	for (let i = 0; i < 8; i++) {
		if (place >= end) refuse("it ends too early");
		const byte = bytes[place++] as number;
		value += (byte & 127) * weight;
		if (byte < 128) return Number.isSafeInteger(value) ? value : refuse("a number is too large");
		weight *= 128;
	}
	return refuse("a number is too long");
}

function text(bytes: Uint8Array, end: number): string {
	const length = varint(bytes, end);
	if (length > longestName || length > end - place) refuse("a name is too long");
	const from = place;
	place += length;
	try {
		return decoder.decode(bytes.subarray(from, place));
	} catch {
		return refuse("a name is not UTF-8");
	}
}

function putVarint(bytes: Uint8Array, at: number, value: number): number {
	while (value >= 128) {
		bytes[at++] = (value % 128) | 128;
		value = Math.floor(value / 128);
	}
	bytes[at++] = value;
	return at;
}

function putBytes(bytes: Uint8Array, at: number, from: Uint8Array): number {
	at = putVarint(bytes, at, from.length);
	bytes.set(from, at);
	return at + from.length;
}

function refuse(why: string): never {
	throw new MillwrightError("core.envelope-invalid", `These bytes are no message of a gateway: ${why}`, { kind: "input" });
}
