import { nanosFromIso } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DocumentShape, scanned } from "./document-shape.ts";
import { payloadProblem } from "./payload-reader.ts";

interface Document {
	timestamp: string;
	seq?: number;
	measurement: { value: number | boolean | null };
}

const scalar = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string(), fc.boolean(), fc.constant(null));
const time = fc
	.tuple(fc.integer({ min: 0, max: 4_000_000_000 }), fc.integer({ min: 0, max: 999_999_999 }), fc.integer({ min: 0, max: 9 }))
	.map(([seconds, nanos, digits]) => {
		const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
		return `${whole}${digits === 0 ? "" : `.${String(nanos).padStart(9, "0").slice(0, digits)}`}Z`;
	});
const value = fc.oneof(
	fc.double({ noNaN: true, noDefaultInfinity: true }),
	fc.integer(),
	fc.integer({ min: -1_000_000, max: 1_000_000 }).map((one) => one / 1000),
	fc.boolean(),
	fc.constant(null),
);
/** What stays the same from document to document of one topic. */
const frame = fc.record(
	{
		device: fc.string({ maxLength: 20 }),
		unit: fc.constantFrom("Celsius", "°C", "mm/s"),
		range: fc.tuple(fc.integer(), fc.integer()),
		quality: fc.constantFrom("Good", "Bad"),
		historical: fc.boolean(),
		context: fc.array(fc.string({ maxLength: 8 }), { maxLength: 3 }),
		hasSeq: fc.boolean(),
		indent: fc.constantFrom(0, 1),
	},
	{ requiredKeys: ["device", "unit", "range", "quality", "historical", "context", "hasSeq", "indent"] },
);
const variable = fc.record({
	time,
	value,
	seq: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
	context: fc.array(scalar, { minLength: 3, maxLength: 3 }),
});
type Of<T> = T extends fc.Arbitrary<infer A> ? A : never;

const write = (fixed: Of<typeof frame>, changing: Of<typeof variable>): string =>
	JSON.stringify(
		{
			timestamp: changing.time,
			...(fixed.hasSeq ? { seq: changing.seq } : {}),
			...(fixed.historical ? { historical: true } : {}),
			source: { device_id: fixed.device },
			measurement: { name: "t", value: changing.value, unit: fixed.unit, range: fixed.range, quality: fixed.quality },
			context: Object.fromEntries(fixed.context.map((name, i) => [name, changing.context[i]])),
		},
		undefined,
		fixed.indent,
	);

/** What the long way makes of it; undefined where it is refused. */
function plainly(bytes: Buffer): { time: bigint; seq: number | undefined; value: number } | undefined {
	let document: unknown;
	try {
		document = JSON.parse(bytes.toString());
	} catch {
		return undefined;
	}
	if (payloadProblem(document) !== undefined) return undefined;
	const { timestamp, seq, measurement } = document as Document;
	return {
		time: nanosFromIso(timestamp) as bigint,
		seq,
		value: measurement.value === null ? Number.NaN : Number(measurement.value),
	};
}

function quickly(shape: DocumentShape, bytes: Buffer): ReturnType<typeof plainly> {
	const into = scanned();
	if (!shape.scan(bytes, into)) return undefined;
	expect(into.seconds).toBe(Number(((BigInt(into.high) << 32n) | BigInt(into.low)) / 1_000_000_000n));
	return { time: (BigInt(into.high) << 32n) | BigInt(into.low), seq: into.sequence, value: into.value };
}

test("a document that matches the shape of another gives what JSON.parse gives", () => {
	let matched = 0;
	fc.assert(
		fc.property(frame, variable, variable, (fixed, first, second) => {
			const shape = DocumentShape.of(Buffer.from(write(fixed, first)));
			if (shape === undefined) return;
			const bytes = Buffer.from(write(fixed, second));
			const quick = quickly(shape, bytes);
			if (quick === undefined) return;
			matched++;
			expect(quick).toEqual(plainly(bytes));
		}),
		{ numRuns: 2000 },
	);
	expect(matched).toBeGreaterThan(500);
});

test("a document with bytes changed, lost or added is never taken for another than the long way takes it", () => {
	fc.assert(
		fc.property(
			frame,
			variable,
			fc.array(
				fc.tuple(
					fc.nat(),
					fc.constantFrom("set", "cut", "add"),
					fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Buffer.from('0123456789.-eE"\\,:{}[] tfn'))),
				),
				{
					minLength: 1,
					maxLength: 3,
				},
			),
			(fixed, changing, edits) => {
				const original = Buffer.from(write(fixed, changing));
				const shape = DocumentShape.of(original);
				if (shape === undefined) return;
				const bytes = [...original];
				for (const [where, how, byte] of edits) {
					const at = where % bytes.length;
					bytes.splice(at, how === "add" ? 0 : 1, ...(how === "cut" ? [] : [byte]));
				}
				const quick = quickly(shape, Buffer.from(bytes));
				if (quick !== undefined) expect(quick).toEqual(plainly(Buffer.from(bytes)));
			},
		),
		{ numRuns: 5000 },
	);
});

const document = (over: { time?: string; value?: string; seq?: string; rest?: string } = {}): Buffer =>
	Buffer.from(
		`{"timestamp":"${over.time ?? "2026-04-17T14:31:59.5Z"}","seq":${over.seq ?? "7"},"source":{"device_id":"a"},"measurement":{"name":"t","value":${over.value ?? "1"},"quality":"Good"}${over.rest ?? ""}}`,
	);

test.each([
	["a number as JSON does not write it", document({ value: "01" })],
	["a point without digits", document({ value: "1." })],
	["a plus", document({ value: "+1" })],
	["a minus alone", document({ value: "-" })],
	["an exponent without digits", document({ value: "1e" })],
	["a text", document({ value: '"1"' })],
	["a number of no whole kind in seq", document({ seq: "7.5" })],
	["a day that is none", document({ time: "2026-02-30T14:31:59Z" })],
	["a time before 1970", document({ time: "1969-12-31T23:59:59Z" })],
	["another zone", document({ time: "2026-04-17T14:31:59+02:00" })],
	["ten digits of a second", document({ time: "2026-04-17T14:31:59.1234567890Z" })],
	["something behind it", Buffer.concat([document(), Buffer.from(" ")])],
	["half of it", document().subarray(0, 40)],
	["nothing", Buffer.alloc(0)],
])("%s takes the long way", (_what, bytes) => {
	const shape = DocumentShape.of(document());
	expect(shape?.scan(document({ value: "-12.5e-3", seq: "0", time: "2026-04-17T14:32:00Z" }), scanned())).toBe(true);
	expect(shape?.scan(bytes, scanned())).toBe(false);
});

test("a name that stands twice or is escaped makes no shape", () => {
	expect(DocumentShape.of(document({ rest: ',"timestamp":"2026-04-17T14:31:59Z"' }))).toBeUndefined();
	expect(DocumentShape.of(document({ rest: ',"conte\\u0078t":{}' }))).toBeUndefined();
	expect(DocumentShape.of(document({ rest: ',"context":{"a":1,"a":2}' }))).toBeUndefined();
	expect(DocumentShape.of(document({ rest: ',"context":{"a":1,"b":{"c":["x",2,{}]}}' }))).toBeDefined();
});
