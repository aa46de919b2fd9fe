import { MillwrightError } from "@millwright/core";
import { longestPdu } from "./pdu.ts";

/** Modbus TCP framing. Source: Modbus Messaging on TCP/IP Implementation Guide V1.0b §3.1.3. */
export interface Frame {
	/** 16 bit, chosen by the client, repeated by the server. */
	transaction: number;
	unit: number;
	pdu: Uint8Array;
}

/** Transaction, protocol 0, length (of unit and PDU), unit: 7 bytes. */
const header = 7;

/** Nothing after this can be told apart any more; the socket must be closed. */
export class BrokenStream extends MillwrightError {
	constructor(message: string) {
		super("modbus.stream-broken", message, {
			kind: "outage",
			hint: "What answers there does not speak Modbus TCP; check host and port (RTU over TCP is another protocol).",
		});
		this.name = "BrokenStream";
	}
}

export function encodeFrame({ transaction, unit, pdu }: Frame): Buffer {
	if (pdu.length < 1 || pdu.length > longestPdu)
		throw new MillwrightError("modbus.frame-impossible", `A PDU of ${pdu.length} bytes, where 1 to ${longestPdu} fit`, {
			kind: "bug",
		});
	const bytes = Buffer.allocUnsafe(header + pdu.length);
	bytes.writeUInt16BE(transaction, 0);
	bytes.writeUInt16BE(0, 2);
	bytes.writeUInt16BE(1 + pdu.length, 4);
	bytes[6] = unit;
	bytes.set(pdu, header);
	return bytes;
}

/**
 * Cuts a byte stream into frames, however TCP split or merged them. Keeps at most one unfinished frame.
 * Frames found before the stream broke are still handed on; then `push` throws, now and ever after.
 */
export function createFrameSplitter(onFrame: (frame: Frame) => void): { push(chunk: Uint8Array): void } {
	let rest: Buffer = Buffer.alloc(0);
	let broken: BrokenStream | undefined;
	return {
		push(chunk) {
			if (broken) throw broken;
			const bytes = rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([rest, chunk]);
			let at = 0;
			while (bytes.length - at >= header) {
				const protocol = bytes.readUInt16BE(at + 2);
				const length = bytes.readUInt16BE(at + 4);
				if (protocol !== 0) broken = new BrokenStream(`Protocol id ${protocol} in a frame header, where 0 is due`);
				else if (length < 2 || length > 1 + longestPdu)
					broken = new BrokenStream(`A frame that claims ${length} bytes, where 2 to ${1 + longestPdu} are possible`);
				if (broken) {
					rest = Buffer.alloc(0);
					throw broken;
				}
				const end = at + 6 + length;
				if (end > bytes.length) break;
				// Copied, because the socket may reuse its buffer and an answer may be kept.
				onFrame({
					transaction: bytes.readUInt16BE(at),
					unit: bytes[at + 6] as number,
					pdu: new Uint8Array(bytes.subarray(at + header, end)),
				});
				at = end;
			}
			rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
		},
	};
}
