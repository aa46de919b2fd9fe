/**
 * Modbus protocol data units, both directions, shared by every transport: client and server, TCP and serial.
 * Pure. Registers and bits stay bytes as on the wire: registers big-endian, bits packed from the lowest bit of each byte.
 * Source: Modbus Application Protocol V1.1b3 §6.
 */

/** Reads of bits (1 coils, 2 discrete inputs) and registers (3 holding, 4 input). */
export interface ReadRequest {
	code: 1 | 2 | 3 | 4;
	start: number;
	quantity: number;
}
export interface WriteCoilRequest {
	code: 5;
	start: number;
	value: boolean;
}
export interface WriteRegisterRequest {
	code: 6;
	start: number;
	/** 0 to 65535 */
	value: number;
}
export interface WriteCoilsRequest {
	code: 15;
	start: number;
	quantity: number;
	/** Packed bits. */
	data: Uint8Array;
}
export interface WriteRegistersRequest {
	code: 16;
	start: number;
	/** Two bytes a register. */
	data: Uint8Array;
}
/** New value = (old AND and) OR (or AND NOT and). */
export interface MaskRegisterRequest {
	code: 22;
	start: number;
	and: number;
	or: number;
}
export interface ReadWriteRequest {
	code: 23;
	start: number;
	quantity: number;
	writeStart: number;
	data: Uint8Array;
}
/** Read device identification, function 43 with MEI type 14. `level` 1 basic, 2 regular, 3 extended, 4 one object. */
export interface IdentifyRequest {
	code: 43;
	level: 1 | 2 | 3 | 4;
	object: number;
}
export type Request =
	| ReadRequest
	| WriteCoilRequest
	| WriteRegisterRequest
	| WriteCoilsRequest
	| WriteRegistersRequest
	| MaskRegisterRequest
	| ReadWriteRequest
	| IdentifyRequest;

export interface DataResponse {
	code: 1 | 2 | 3 | 4 | 23;
	data: Uint8Array;
}
export interface WrittenResponse {
	code: 15 | 16;
	start: number;
	quantity: number;
}
export interface IdentifyResponse {
	code: 43;
	level: 1 | 2 | 3 | 4;
	/** Which levels the device supports; 0x80 added where single objects may be asked. */
	conformity: number;
	/** More to come, from object `next`. */
	more: boolean;
	next: number;
	objects: { object: number; text: string }[];
}
export interface ExceptionResponse {
	/** The function code that was asked. */
	code: number;
	exception: number;
}
export type Response =
	| DataResponse
	| WriteCoilRequest
	| WriteRegisterRequest
	| WrittenResponse
	| MaskRegisterRequest
	| IdentifyResponse
	| ExceptionResponse;

export const isException = (response: Response): response is ExceptionResponse => "exception" in response;

/** Greatest quantities of one request. A write of both reads and writes at most 125 and 121. */
export const limits = {
	readBits: 2000,
	readRegisters: 125,
	writeBits: 1968,
	writeRegisters: 123,
	readWriteRegisters: 121,
} as const;
/** Function code and everything after it. */
export const longestPdu = 253;

export const coilOn = 0xff00;
export const identificationType = 14;

/** Bits to bytes, lowest bit first, the last byte filled with zeros. */
export function packBits(bits: ArrayLike<unknown>): Uint8Array {
	const data = new Uint8Array(Math.ceil(bits.length / 8));
	for (let i = 0; i < bits.length; i++) if (bits[i]) data[i >> 3] = (data[i >> 3] as number) | (1 << (i & 7));
	return data;
}

/** `quantity` bits as one byte each, 0 or 1. */
export function unpackBits(data: Uint8Array, quantity: number): Uint8Array {
	const bits = new Uint8Array(quantity);
	for (let i = 0; i < quantity; i++) bits[i] = ((data[i >> 3] ?? 0) >> (i & 7)) & 1;
	return bits;
}
