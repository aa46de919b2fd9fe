import { impossibleRequest, MalformedPdu } from "./exceptions.ts";
import { coilOn, identificationType, limits, type Request } from "./pdu.ts";

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Fault = (message: string) => Error;

function checkRange(start: number, quantity: number, most: number, what: string, fault: Fault): void {
	if (!Number.isInteger(start) || start < 0 || start > 0xffff) throw fault(`Address ${start} is not 0 to 65535`);
	if (!Number.isInteger(quantity) || quantity < 1 || quantity > most) throw fault(`${quantity} ${what}, where 1 to ${most} fit`);
	if (start + quantity > 0x10000) throw fault(`${quantity} ${what} from ${start} run past 65535`);
}

function checkWord(value: number, fault: Fault): void {
	if (!Number.isInteger(value) || value < 0 || value > 0xffff) throw fault(`${value} is not a register value of 0 to 65535`);
}

/** Quantities, addresses and lengths that the protocol allows, whoever made the request. */
function checkRequest(request: Request, fault: Fault): void {
	switch (request.code) {
		case 1:
		case 2:
			checkRange(request.start, request.quantity, limits.readBits, "bits", fault);
			break;
		case 3:
		case 4:
			checkRange(request.start, request.quantity, limits.readRegisters, "registers", fault);
			break;
		case 5:
			checkRange(request.start, 1, 1, "coil", fault);
			break;
		case 6:
			checkWord(request.value, fault);
			checkRange(request.start, 1, 1, "register", fault);
			break;
		case 15:
			checkRange(request.start, request.quantity, limits.writeBits, "coils", fault);
			if (request.data.length !== Math.ceil(request.quantity / 8))
				throw fault(`${request.data.length} bytes for ${request.quantity} coils`);
			break;
		case 16:
			if (request.data.length % 2 !== 0) throw fault(`${request.data.length} bytes are not whole registers`);
			checkRange(request.start, request.data.length / 2, limits.writeRegisters, "registers", fault);
			break;
		case 22:
			checkWord(request.and, fault);
			checkWord(request.or, fault);
			checkRange(request.start, 1, 1, "register", fault);
			break;
		case 23:
			checkRange(request.start, request.quantity, limits.readRegisters, "registers", fault);
			if (request.data.length % 2 !== 0) throw fault(`${request.data.length} bytes are not whole registers`);
			checkRange(request.writeStart, request.data.length / 2, limits.readWriteRegisters, "registers", fault);
			break;
		case 43:
			if (!(request.level >= 1 && request.level <= 4) || !Number.isInteger(request.level))
				throw fault(`Identification level ${request.level} is not 1 to 4`);
			if (!Number.isInteger(request.object) || request.object < 0 || request.object > 255)
				throw fault(`Identification object ${request.object} is not 0 to 255`);
	}
}

/** Throws `modbus.request-impossible` for what no frame may carry. */
export function encodeRequest(request: Request): Uint8Array {
	checkRequest(request, impossibleRequest);
	switch (request.code) {
		case 1:
		case 2:
		case 3:
		case 4:
			return words(request.code, request.start, request.quantity);
		case 5:
			return words(5, request.start, request.value ? coilOn : 0);
		case 6:
			return words(6, request.start, request.value);
		case 15:
			return withData(words(15, request.start, request.quantity), request.data);
		case 16:
			return withData(words(16, request.start, request.data.length / 2), request.data);
		case 22:
			return words(22, request.start, request.and, request.or);
		case 23:
			return withData(words(23, request.start, request.quantity, request.writeStart, request.data.length / 2), request.data);
		case 43:
			return Uint8Array.of(43, identificationType, request.level, request.object);
	}
}

function words(code: number, ...values: number[]): Uint8Array {
	const bytes = new Uint8Array(1 + values.length * 2);
	bytes[0] = code;
	const view = viewOf(bytes);
	for (const [i, value] of values.entries()) view.setUint16(1 + i * 2, value);
	return bytes;
}

/** A byte count and the data behind a header. */
function withData(header: Uint8Array, data: Uint8Array): Uint8Array {
	const bytes = new Uint8Array(header.length + 1 + data.length);
	bytes.set(header);
	bytes[header.length] = data.length;
	bytes.set(data, header.length + 1);
	return bytes;
}

const malformed: Fault = (message) => new MalformedPdu(message);

/** A server's side. Throws `MalformedPdu` with the exception to answer: 1 for functions we do not speak, 3 for all else. */
export function decodeRequest(pdu: Uint8Array): Request {
	const request = parse(pdu);
	checkRequest(request, malformed);
	return request;
}

function parse(pdu: Uint8Array): Request {
	const code = pdu[0];
	const view = viewOf(pdu);
	const exactly = (length: number): void => {
		if (pdu.length !== length) throw malformed(`Request ${code} of ${pdu.length} bytes, where ${length} are due`);
	};
	const counted = (at: number): Uint8Array => {
		if (pdu.length <= at) throw malformed(`Request ${code} of ${pdu.length} bytes is too short`);
		exactly(at + 1 + (pdu[at] as number));
		return pdu.slice(at + 1);
	};
	switch (code) {
		case 1:
		case 2:
		case 3:
		case 4:
			exactly(5);
			return { code, start: view.getUint16(1), quantity: view.getUint16(3) };
		case 5: {
			exactly(5);
			const value = view.getUint16(3);
			if (value !== coilOn && value !== 0) throw malformed(`Coil value ${value} is neither 0xFF00 nor 0`);
			return { code, start: view.getUint16(1), value: value === coilOn };
		}
		case 6:
			exactly(5);
			return { code, start: view.getUint16(1), value: view.getUint16(3) };
		case 15: {
			const data = counted(5);
			return { code, start: view.getUint16(1), quantity: view.getUint16(3), data };
		}
		case 16: {
			const data = counted(5);
			if (view.getUint16(3) * 2 !== data.length) throw malformed(`${data.length} bytes for ${view.getUint16(3)} registers`);
			return { code, start: view.getUint16(1), data };
		}
		case 22:
			exactly(7);
			return { code, start: view.getUint16(1), and: view.getUint16(3), or: view.getUint16(5) };
		case 23: {
			const data = counted(9);
			if (view.getUint16(7) * 2 !== data.length) throw malformed(`${data.length} bytes for ${view.getUint16(7)} registers`);
			return { code, start: view.getUint16(1), quantity: view.getUint16(3), writeStart: view.getUint16(5), data };
		}
		case 43: {
			if (pdu[1] !== identificationType) throw new MalformedPdu(`Interface type ${pdu[1]} is not device identification`, 1);
			exactly(4);
			return { code, level: pdu[2] as 1 | 2 | 3 | 4, object: pdu[3] as number };
		}
		default:
			throw new MalformedPdu(`Function ${code ?? "missing"} is not spoken here`, 1);
	}
}
