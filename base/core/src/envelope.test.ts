import { createHmac, timingSafeEqual } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
	type EnvelopeHead,
	encodeEnvelope,
	envelopeKinds,
	envelopeLanes,
	openEntries,
	openEnvelope,
	type Sign,
} from "./envelope.ts";
import { MillwrightError } from "./errors.ts";

const signer =
	(key: string): Sign =>
	(bytes) =>
		createHmac("sha256", key).update(bytes).digest();
const sign = signer("a key");
const isSigned = (bytes: Uint8Array): boolean => {
	const { signed, signature } = openEnvelope(bytes);
	return timingSafeEqual(sign(signed), signature);
};

const heads: fc.Arbitrary<EnvelopeHead> = fc.record({
	kind: fc.constantFrom(...envelopeKinds),
	sentAtMs: fc.double({ min: -1e15, max: 1e15, noNaN: true }),
	epoch: fc.maxSafeNat(),
	counter: fc.maxSafeNat(),
	dictionary: fc.maxSafeNat(),
	gateway: fc.string({ maxLength: 60, unit: "grapheme" }).filter((text) => new TextEncoder().encode(text).length <= 256),
	key: fc.string({ maxLength: 20 }),
});
const entries = fc.array(
	fc.record({
		lane: fc.constantFrom(...envelopeLanes),
		after: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER - 1 }),
		bytes: fc.uint8Array({ maxLength: 300 }),
	}),
	{ maxLength: 8 },
);

test("what goes in comes out, signed", () => {
	fc.assert(
		fc.property(heads, entries, (head, batches) => {
			const bytes = encodeEnvelope(head, batches, sign);
			const { body, signed, signature, ...back } = openEnvelope(bytes);
			expect(back).toEqual(head);
			expect(openEntries(body).map((entry) => ({ ...entry, bytes: [...entry.bytes] }))).toEqual(
				batches.map((entry) => ({ ...entry, bytes: [...entry.bytes] })),
			);
			expect([...signature]).toEqual([...sign(signed)]);
		}),
	);
});

test("a single flipped bit anywhere is refused, by its form or by its signature", () => {
	fc.assert(
		fc.property(heads, entries, fc.nat(), fc.integer({ min: 0, max: 7 }), (head, batches, where, bit) => {
			const bytes = encodeEnvelope(head, batches, sign);
			const at = where % bytes.length;
			bytes[at] = (bytes[at] as number) ^ (1 << bit);
			expect(isAccepted(bytes)).toBe(false);
		}),
		{ numRuns: 2000 },
	);
});

test("a truncated or lengthened message is refused", () => {
	fc.assert(
		fc.property(heads, entries, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 40 }), (head, batches, where, more) => {
			const bytes = encodeEnvelope(head, batches, sign);
			expect(isAccepted(bytes.slice(0, where % bytes.length))).toBe(false);
			expect(isAccepted(new Uint8Array([...bytes, ...more]))).toBe(false);
		}),
	);
});

test("another key's signature is refused", () => {
	const head: EnvelopeHead = { kind: "batches", sentAtMs: 1, epoch: 2, counter: 3, dictionary: 4, gateway: "g", key: "k" };
	expect(isAccepted(encodeEnvelope(head, [], sign))).toBe(true);
	expect(isAccepted(encodeEnvelope(head, [], signer("another key")))).toBe(false);
});

test("bytes of a stranger never do more than throw that they are no message", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, dressed) => {
			if (dressed) bytes.set([0x4d, 0x45, 1, 0].slice(0, bytes.length));
			for (const read of [() => openEnvelope(bytes), () => openEntries(bytes)])
				try {
					read();
				} catch (error) {
					expect(error).toBeInstanceOf(MillwrightError);
					expect((error as MillwrightError).code).toBe("core.envelope-invalid");
				}
		}),
		{ numRuns: 3000 },
	);
});

function isAccepted(bytes: Uint8Array): boolean {
	try {
		return isSigned(bytes);
	} catch (error) {
		if (error instanceof MillwrightError && error.code === "core.envelope-invalid") return false;
		throw error;
	}
}
