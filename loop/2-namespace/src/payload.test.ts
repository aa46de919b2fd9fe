import { isoFromNanos, Quality } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { TagPayload } from "./api.ts";
import { isoText } from "./iso-time.ts";
import { payloadProblem, qualityOf } from "./payload-reader.ts";
import { compilePayload, writePayload } from "./payload-writer.ts";

/** The document of the sources, as it stands there. */
const sourceDocument = `{
  "timestamp": "2026-04-17T14:32:18.456123Z",
  "source": {
    "device_id": "RTU-001",
    "location": "Building-A/Line-3/Reactor-7",
    "protocol": "modbus-rtu",
    "unit_id": 1
  },
  "measurement": {
    "name": "temperature",
    "value": 87.27,
    "unit": "Celsius",
    "range": [0, 150],
    "quality": "Good"
  },
  "context": {
    "setpoint": 87.5,
    "control_mode": "pid_active",
    "alarm_status": "none"
  }
}`;

test("the sources' document parses and comes back the same, field for field and in order", () => {
	const document = JSON.parse(sourceDocument) as unknown;
	const parsed = TagPayload.parse(document);
	expect(JSON.stringify(parsed)).toBe(JSON.stringify(document));
	expect(payloadProblem(document)).toBeUndefined();
});

test("the sources' document is written by our own writer from its parts", () => {
	const frame = compilePayload({
		device: "RTU-001",
		location: "Building-A/Line-3/Reactor-7",
		protocol: "modbus-rtu",
		unitId: 1,
		name: "temperature",
		unit: "Celsius",
		range: { min: 0, max: 150 },
		boolean: false,
	});
	const time = BigInt(Date.UTC(2026, 3, 17, 14, 32, 18)) * 1_000_000n + 456_123_000n;
	const context = JSON.stringify({ setpoint: 87.5, control_mode: "pid_active", alarm_status: "none" });
	const { seq, ...written } = JSON.parse(
		writePayload(frame, { time, sequence: 9, historical: false, value: 87.27, quality: Quality.good }, context),
	) as Record<string, unknown>;
	expect(seq).toBe(9);
	expect(written).toEqual(JSON.parse(sourceDocument));
});

const text = fc.string({ unit: "binary", maxLength: 20 });
const nanos = fc.bigInt({ min: 0n, max: 4_000_000_000n * 1_000_000_000n });
const codes = fc.constantFrom(...Object.values(Quality));

test("the fast time text equals core's", () => {
	fc.assert(
		fc.property(nanos, (time) => void expect(isoText(time)).toBe(isoFromNanos(time))),
		{ numRuns: 1000 },
	);
	expect(isoText(-1n)).toBe(isoFromNanos(-1n));
});

test("what the writer writes equals JSON.stringify of the same object, and keeps the contract", () => {
	fc.assert(
		fc.property(
			fc.record({
				device: text,
				location: text,
				protocol: fc.option(text, { nil: undefined }),
				unitId: fc.option(fc.integer(), { nil: undefined }),
				name: text,
				unit: fc.option(text, { nil: undefined }),
				range: fc.option(fc.record({ min: fc.double({ noNaN: true, noDefaultInfinity: true }), max: fc.integer() }), {
					nil: undefined,
				}),
				boolean: fc.boolean(),
			}),
			fc.record({
				time: nanos,
				sequence: fc.nat(),
				historical: fc.boolean(),
				value: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), text, fc.constant(null)),
				quality: codes,
			}),
			fc.option(fc.record({ setpoint: fc.integer(), control_mode: text }), { nil: undefined }),
			(facts, sample, context) => {
				const written = writePayload(compilePayload(facts), sample, context === undefined ? "" : JSON.stringify(context));
				const parsed = JSON.parse(written) as TagPayload;
				expect(JSON.stringify(parsed)).toBe(written);
				expect(payloadProblem(parsed)).toBeUndefined();
				expect(TagPayload.safeParse(parsed).success).toBe(true);
				const value = facts.boolean && typeof sample.value === "number" ? sample.value !== 0 : sample.value;
				expect(parsed).toEqual({
					timestamp: isoFromNanos(sample.time),
					seq: sample.sequence,
					...(sample.historical ? { historical: true } : {}),
					source: {
						device_id: facts.device,
						location: facts.location,
						...(facts.protocol === undefined ? {} : { protocol: facts.protocol }),
						...(facts.unitId === undefined ? {} : { unit_id: facts.unitId }),
					},
					measurement: {
						name: facts.name,
						value: Object.is(value, -0) ? 0 : value,
						...(facts.unit === undefined ? {} : { unit: facts.unit }),
						...(facts.range === undefined ? {} : { range: [facts.range.min + 0, facts.range.max] }),
						quality: parsed.measurement.quality,
						...(parsed.measurement.reason === undefined ? {} : { reason: parsed.measurement.reason }),
					},
					...(context === undefined ? {} : { context }),
				});
			},
		),
		{ numRuns: 500 },
	);
});

test("a quality survives the payload, its reason included", () => {
	for (const quality of Object.values(Quality)) {
		const frame = compilePayload({
			device: "d",
			location: "l",
			protocol: undefined,
			unitId: undefined,
			name: "n",
			unit: undefined,
			range: undefined,
			boolean: false,
		});
		const written = writePayload(frame, { time: 0n, sequence: 0, historical: false, value: 1, quality }, "");
		// A forced value is good on the wire; the word has no room for the difference.
		const expected = quality === Quality.goodOverridden ? Quality.good : quality;
		expect(qualityOf((JSON.parse(written) as TagPayload).measurement)).toBe(expected);
	}
});

test("the check by hand refuses what the schema refuses", () => {
	const good = JSON.parse(sourceDocument) as Record<string, Record<string, unknown>>;
	const spoilt = fc.oneof(
		fc.constant(undefined),
		fc.constant(null),
		fc.string(),
		fc.double(),
		fc.boolean(),
		fc.array(fc.integer(), { maxLength: 3 }),
		fc.object({ maxDepth: 1 }),
	);
	const places = [
		["timestamp"],
		["seq"],
		["historical"],
		["source"],
		["measurement"],
		["context"],
		["source", "device_id"],
		["source", "location"],
		["source", "unit_id"],
		["measurement", "name"],
		["measurement", "value"],
		["measurement", "unit"],
		["measurement", "range"],
		["measurement", "quality"],
		["measurement", "reason"],
	];
	fc.assert(
		fc.property(fc.constantFrom(...places), spoilt, (place, wrong) => {
			const document = structuredClone(good);
			const [first, second] = place as [string, string?];
			if (second === undefined) (document as Record<string, unknown>)[first] = wrong;
			else (document[first] as Record<string, unknown>)[second] = wrong;
			// As it would travel: what JSON cannot say is gone.
			const travelled = JSON.parse(JSON.stringify(document)) as unknown;
			expect(payloadProblem(travelled) === undefined).toBe(TagPayload.safeParse(travelled).success);
		}),
		{ numRuns: 1000 },
	);
});
