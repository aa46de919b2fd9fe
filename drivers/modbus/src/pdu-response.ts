import { MalformedPdu } from "./exceptions.ts";
import { coilOn, type DataResponse, identificationType, isException, longestPdu, type Request, type Response } from "./pdu.ts";

/** A server's side. Throws `MalformedPdu` for what does not fit a frame. */
export function encodeResponse(response: Response): Uint8Array {
	if (isException(response)) return Uint8Array.of(response.code | 0x80, response.exception);
	switch (response.code) {
		case 1:
		case 2:
		case 3:
		case 4:
		case 23: {
			if (response.data.length + 2 > longestPdu) throw new MalformedPdu(`${response.data.length} bytes do not fit one answer`, 4);
			const bytes = new Uint8Array(2 + response.data.length);
			bytes[0] = response.code;
			bytes[1] = response.data.length;
			bytes.set(response.data, 2);
			return bytes;
		}
		case 5:
			return words(5, response.start, response.value ? coilOn : 0);
		case 6:
			return words(6, response.start, response.value);
		case 15:
		case 16:
			return words(response.code, response.start, response.quantity);
		case 22:
			return words(22, response.start, response.and, response.or);
		case 43: {
			const parts: number[] = [43, identificationType, response.level, response.conformity, response.more ? 0xff : 0];
			parts.push(response.next, response.objects.length);
			for (const { object, text } of response.objects) {
				const bytes = Buffer.from(text, "latin1");
				parts.push(object, bytes.length, ...bytes);
			}
			if (parts.length > longestPdu) throw new MalformedPdu(`${parts.length} bytes do not fit one answer`, 4);
			return Uint8Array.from(parts);
		}
	}
}

function words(code: number, ...values: number[]): Uint8Array {
	const bytes = new Uint8Array(1 + values.length * 2);
	bytes[0] = code;
	for (const [i, value] of values.entries()) {
		bytes[1 + i * 2] = value >> 8;
		bytes[2 + i * 2] = value & 0xff;
	}
	return bytes;
}

/** A client's side: the shape alone. Throws `MalformedPdu`. */
export function decodeResponse(pdu: Uint8Array): Response {
	const code = pdu[0];
	const view = new DataView(pdu.buffer, pdu.byteOffset, pdu.byteLength);
	const exactly = (length: number): void => {
		if (pdu.length !== length) throw new MalformedPdu(`Answer ${code} of ${pdu.length} bytes, where ${length} are due`);
	};
	if (code !== undefined && code & 0x80) {
		exactly(2);
		return { code: code & 0x7f, exception: pdu[1] as number };
	}
	switch (code) {
		case 1:
		case 2:
		case 3:
		case 4:
		case 23: {
			if (pdu.length < 2) throw new MalformedPdu(`Answer ${code} of ${pdu.length} bytes is too short`);
			exactly(2 + (pdu[1] as number));
			return { code, data: pdu.slice(2) };
		}
		case 5: {
			exactly(5);
			const value = view.getUint16(3);
			if (value !== coilOn && value !== 0) throw new MalformedPdu(`Coil value ${value} is neither 0xFF00 nor 0`);
			return { code, start: view.getUint16(1), value: value === coilOn };
		}
		case 6:
			exactly(5);
			return { code, start: view.getUint16(1), value: view.getUint16(3) };
		case 15:
		case 16:
			exactly(5);
			return { code, start: view.getUint16(1), quantity: view.getUint16(3) };
		case 22:
			exactly(7);
			return { code, start: view.getUint16(1), and: view.getUint16(3), or: view.getUint16(5) };
		case 43:
			return identification(pdu);
		default:
			throw new MalformedPdu(`Answer with function ${code ?? "missing"} is not spoken here`);
	}
}

function identification(pdu: Uint8Array): Response {
	const [, type, level, conformity, more, next, count] = pdu;
	if (pdu.length < 7 || type !== identificationType)
		throw new MalformedPdu("Device identification is too short or of another type");
	if (!level || level > 4) throw new MalformedPdu(`Identification level ${level} is not 1 to 4`);
	if (more !== 0 && more !== 0xff) throw new MalformedPdu(`More-follows is ${more}, neither 0 nor 255`);
	const objects: { object: number; text: string }[] = [];
	let at = 7;
	for (let i = 0; i < (count as number); i++) {
		const object = pdu[at];
		const length = pdu[at + 1];
		if (object === undefined || length === undefined || at + 2 + length > pdu.length)
			throw new MalformedPdu("Device identification ends within an object");
		objects.push({ object, text: Buffer.from(pdu.subarray(at + 2, at + 2 + length)).toString("latin1") });
		at += 2 + length;
	}
	if (at !== pdu.length) throw new MalformedPdu("Device identification has bytes left over");
	return {
		code: 43,
		level: level as 1 | 2 | 3 | 4,
		conformity: conformity as number,
		more: more === 0xff,
		next: next as number,
		objects,
	};
}

/** Bytes a read is owed. */
export const dataLength = (request: Request): number | undefined => {
	switch (request.code) {
		case 1:
		case 2:
			return Math.ceil(request.quantity / 8);
		case 3:
		case 4:
		case 23:
			return request.quantity * 2;
		default:
			return undefined;
	}
};

/** Whether this answer can be the answer to that request; throws `MalformedPdu` with what does not fit. */
export function checkAnswer(request: Request, response: Response): void {
	if (response.code !== request.code)
		throw new MalformedPdu(`Answer to function ${response.code}, where ${request.code} was asked`);
	if (isException(response)) return;
	const due = dataLength(request);
	if (due !== undefined) {
		const { data } = response as DataResponse;
		if (data.length !== due) throw new MalformedPdu(`${data.length} bytes of data, where ${due} were asked`);
		return;
	}
	const echoes =
		request.code === 43
			? response.code === 43
			: "start" in response &&
				response.start === request.start &&
				(!("value" in request) || ("value" in response && response.value === request.value)) &&
				(!("and" in request) || ("and" in response && response.and === request.and && response.or === request.or)) &&
				(request.code !== 15 || ("quantity" in response && response.quantity === request.quantity)) &&
				(request.code !== 16 || ("quantity" in response && response.quantity === request.data.length / 2));
	if (!echoes) throw new MalformedPdu(`The answer to function ${request.code} repeats another request`);
}
