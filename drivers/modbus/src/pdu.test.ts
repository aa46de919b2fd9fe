import fc from "fast-check";
import { expect, test } from "vitest";
import { exceptionText, MalformedPdu } from "./exceptions.ts";
import { limits, longestPdu, packBits, type Request, type Response, unpackBits } from "./pdu.ts";
import { decodeRequest, encodeRequest } from "./pdu-request.ts";
import { checkAnswer, dataLength, decodeResponse, encodeResponse } from "./pdu-response.ts";

const word = fc.integer({ min: 0, max: 0xffff });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
/** First address and quantity that stay within 65,536. */
const stretch = (most: number) =>
	fc
		.integer({ min: 1, max: most })
		.chain((quantity) => fc.record({ start: fc.integer({ min: 0, max: 0x10000 - quantity }), quantity: fc.constant(quantity) }));
const level = fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const);

const requests: fc.Arbitrary<Request> = fc.oneof(
	fc.tuple(fc.constantFrom(1 as const, 2 as const), stretch(limits.readBits)).map(([code, range]) => ({ code, ...range })),
	fc.tuple(fc.constantFrom(3 as const, 4 as const), stretch(limits.readRegisters)).map(([code, range]) => ({ code, ...range })),
	fc.record({ code: fc.constant(5 as const), start: word, value: fc.boolean() }),
	fc.record({ code: fc.constant(6 as const), start: word, value: word }),
	stretch(limits.writeBits).chain(({ start, quantity }) =>
		bytes(Math.ceil(quantity / 8)).map((data) => ({ code: 15 as const, start, quantity, data })),
	),
	stretch(limits.writeRegisters).chain(({ start, quantity }) =>
		bytes(quantity * 2).map((data) => ({ code: 16 as const, start, data })),
	),
	fc.record({ code: fc.constant(22 as const), start: word, and: word, or: word }),
	fc
		.tuple(stretch(limits.readRegisters), stretch(limits.readWriteRegisters))
		.chain(([read, write]) =>
			bytes(write.quantity * 2).map((data) => ({ code: 23 as const, ...read, writeStart: write.start, data })),
		),
	fc.record({ code: fc.constant(43 as const), level, object: fc.integer({ min: 0, max: 255 }) }),
);

const responses: fc.Arbitrary<Response> = fc.oneof(
	fc.record({
		code: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const, 23 as const),
		data: fc.uint8Array({ maxLength: 250 }),
	}),
	fc.record({ code: fc.constant(5 as const), start: word, value: fc.boolean() }),
	fc.record({ code: fc.constant(6 as const), start: word, value: word }),
	fc.record({ code: fc.constantFrom(15 as const, 16 as const), start: word, quantity: word }),
	fc.record({ code: fc.constant(22 as const), start: word, and: word, or: word }),
	fc.record({ code: fc.integer({ min: 1, max: 127 }), exception: fc.integer({ min: 0, max: 255 }) }),
	fc.record({
		code: fc.constant(43 as const),
		level,
		conformity: fc.integer({ min: 0, max: 255 }),
		more: fc.boolean(),
		next: fc.integer({ min: 0, max: 255 }),
		objects: fc.array(
			fc.record({ object: fc.integer({ min: 0, max: 255 }), text: fc.string({ unit: "binary-ascii", maxLength: 40 }) }),
			{ maxLength: 5 },
		),
	}),
);

test("every request survives the wire", () => {
	fc.assert(
		fc.property(requests, (request) => {
			const pdu = encodeRequest(request);
			expect(pdu.length).toBeLessThanOrEqual(longestPdu);
			expect(decodeRequest(pdu)).toEqual(request);
		}),
	);
});

test("every response survives the wire", () => {
	fc.assert(
		fc.property(responses, (response) => {
			expect(decodeResponse(encodeResponse(response))).toEqual(response);
		}),
	);
});

test("whatever bytes arrive, only a MalformedPdu is thrown", () => {
	const anyPdu = fc.oneof(
		fc.uint8Array({ maxLength: 260 }),
		// Close to right: the codes we speak with wrong tails.
		fc
			.tuple(fc.constantFrom(1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43, 0x83), fc.uint8Array({ maxLength: 30 }))
			.map(([code, rest]) => Uint8Array.of(code, ...rest)),
	);
	fc.assert(
		fc.property(anyPdu, (pdu) => {
			for (const decode of [decodeRequest, decodeResponse])
				try {
					decode(pdu);
				} catch (error) {
					expect(error).toBeInstanceOf(MalformedPdu);
				}
		}),
		{ numRuns: 2000 },
	);
});

test("a request that lost or gained a byte is refused", () => {
	fc.assert(
		fc.property(requests, (request) => {
			const pdu = encodeRequest(request);
			expect(() => decodeRequest(pdu.subarray(0, -1))).toThrow(MalformedPdu);
			expect(() => decodeRequest(Uint8Array.of(...pdu, 0))).toThrow(MalformedPdu);
		}),
	);
});

test("an answer fits only the request it repeats", () => {
	const read: Request = { code: 3, start: 0, quantity: 2 };
	checkAnswer(read, { code: 3, data: new Uint8Array(4) });
	checkAnswer(read, { code: 3, exception: 2 });
	expect(() => checkAnswer(read, { code: 3, data: new Uint8Array(2) })).toThrow(MalformedPdu);
	expect(() => checkAnswer(read, { code: 4, data: new Uint8Array(4) })).toThrow(MalformedPdu);
	expect(() => checkAnswer(read, { code: 4, exception: 2 })).toThrow(MalformedPdu);
	checkAnswer({ code: 6, start: 7, value: 1 }, { code: 6, start: 7, value: 1 });
	expect(() => checkAnswer({ code: 6, start: 7, value: 1 }, { code: 6, start: 7, value: 2 })).toThrow(MalformedPdu);
	expect(() => checkAnswer({ code: 5, start: 7, value: true }, { code: 5, start: 8, value: true })).toThrow(MalformedPdu);
	checkAnswer({ code: 16, start: 1, data: new Uint8Array(6) }, { code: 16, start: 1, quantity: 3 });
	expect(() => checkAnswer({ code: 16, start: 1, data: new Uint8Array(6) }, { code: 16, start: 1, quantity: 2 })).toThrow(
		MalformedPdu,
	);
	expect(() => checkAnswer({ code: 22, start: 1, and: 1, or: 2 }, { code: 22, start: 1, and: 1, or: 3 })).toThrow(MalformedPdu);
	expect(dataLength({ code: 1, start: 0, quantity: 9 })).toBe(2);
});

test("requests beyond the standard's limits are not encoded", () => {
	const impossible: Request[] = [
		{ code: 3, start: 0, quantity: 126 },
		{ code: 3, start: 0, quantity: 0 },
		{ code: 1, start: 0, quantity: 2001 },
		{ code: 4, start: 65_535, quantity: 2 },
		{ code: 3, start: 1.5, quantity: 1 },
		{ code: 6, start: 0, value: 65_536 },
		{ code: 15, start: 0, quantity: 9, data: new Uint8Array(1) },
		{ code: 16, start: 0, data: new Uint8Array(248) },
		{ code: 16, start: 0, data: new Uint8Array(3) },
	];
	for (const request of impossible)
		expect(() => encodeRequest(request), JSON.stringify(request)).toThrow(/fit|65535|whole|bytes/);
});

test("a server owes exception 1 for unknown functions and 3 for quantities out of bounds", () => {
	const owed = (...pdu: number[]): number | undefined => {
		try {
			decodeRequest(Uint8Array.from(pdu));
		} catch (error) {
			return (error as MalformedPdu).answer;
		}
	};
	expect(owed(0x41, 0, 0)).toBe(1);
	expect(owed(43, 13, 0, 0)).toBe(1);
	expect(owed(3, 0, 0, 0, 126)).toBe(3);
	expect(owed(3, 0, 0, 0, 0)).toBe(3);
	expect(owed(1, 0, 0, 0x07, 0xd1)).toBe(3);
	expect(owed(5, 0, 0, 0x12, 0x34)).toBe(3);
});

test("frames printed in the standard are understood", () => {
	// Source: Modbus Application Protocol V1.1b3 §6.3, §6.12, §6.16.
	expect(decodeRequest(Uint8Array.of(0x03, 0x00, 0x6b, 0x00, 0x03))).toEqual({ code: 3, start: 107, quantity: 3 });
	expect(decodeResponse(Uint8Array.of(0x03, 0x06, 0x02, 0x2b, 0x00, 0x00, 0x00, 0x64))).toEqual({
		code: 3,
		data: Uint8Array.of(0x02, 0x2b, 0x00, 0x00, 0x00, 0x64),
	});
	expect(decodeRequest(Uint8Array.of(0x10, 0x00, 0x01, 0x00, 0x02, 0x04, 0x00, 0x0a, 0x01, 0x02))).toEqual({
		code: 16,
		start: 1,
		data: Uint8Array.of(0x00, 0x0a, 0x01, 0x02),
	});
	expect(decodeRequest(Uint8Array.of(0x16, 0x00, 0x04, 0x00, 0xf2, 0x00, 0x25))).toEqual({
		code: 22,
		start: 4,
		and: 0xf2,
		or: 0x25,
	});
	// §6.1: coils 27 to 20 are CD = 1100 1101, coil 20 being the lowest bit.
	expect([...unpackBits(Uint8Array.of(0xcd, 0x6b, 0x05), 19)]).toEqual([1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1]);
});

test("bits packed and unpacked are the same bits", () => {
	fc.assert(
		fc.property(fc.array(fc.boolean(), { maxLength: 100 }), (bits) => {
			expect([...unpackBits(packBits(bits), bits.length)]).toEqual(bits.map(Number));
		}),
	);
});

test("exceptions have names", () => {
	expect(exceptionText(2)).toBe("exception 2 illegal data address");
	expect(exceptionText(99)).toBe("exception 99 unknown to the standard");
});
