import { MillwrightError, Quality, type Value } from "@millwright/core";
import fc from "fast-check";
import {
	DataType,
	DataValue,
	type DataValueOptions,
	SignatureData,
	StatusCodes,
	Variant,
	VariantArrayType,
} from "node-opcua-client";
import { expect, test } from "vitest";
import { badReading, nanosOf, plainValue, readingOf, toVariant } from "./values.ts";

const readAt = 1_767_600_000_000_000_000n;
const scalar = (dataType: DataType, value: unknown): Variant =>
	new Variant({ dataType, arrayType: VariantArrayType.Scalar, value });
const reading = (options: DataValueOptions) => readingOf(new DataValue(options), readAt);

test("what is written reads as the same value, in every type", () => {
	const cases: [DataType, fc.Arbitrary<Value>][] = [
		[DataType.Boolean, fc.boolean()],
		[DataType.SByte, fc.integer({ min: -128, max: 127 })],
		[DataType.Byte, fc.integer({ min: 0, max: 255 })],
		[DataType.Int16, fc.integer({ min: -0x8000, max: 0x7fff })],
		[DataType.UInt16, fc.integer({ min: 0, max: 0xffff })],
		[DataType.Int32, fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })],
		[DataType.UInt32, fc.integer({ min: 0, max: 0xffff_ffff })],
		[DataType.Int64, fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })],
		[DataType.UInt64, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })],
		[DataType.Float, fc.float({ noNaN: true, noDefaultInfinity: true })],
		[DataType.Double, fc.double({ noNaN: true, noDefaultInfinity: true })],
		[DataType.String, fc.string()],
		[DataType.LocalizedText, fc.string({ minLength: 1 })],
		[
			DataType.DateTime,
			fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true }).map((date) => date.toISOString()),
		],
		[DataType.ByteString, fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("hex"))],
		[DataType.Guid, fc.uuid()],
	];
	for (const [type, values] of cases)
		fc.assert(
			fc.property(values, (value) => {
				const { dataType, value: raw } = toVariant(type, value);
				expect(plainValue(scalar(dataType, raw))).toBe(value);
			}),
		);
});

test("values that do not fit the server's type are refused, not rounded", () => {
	const unfit: [DataType, Value][] = [
		[DataType.Byte, 256],
		[DataType.Int16, 1.5],
		[DataType.UInt32, -1],
		[DataType.UInt64, 1n << 64n],
		[DataType.Int32, "twelve"],
		[DataType.Boolean, 2],
		[DataType.Float, 1e39],
		[DataType.Double, "1"],
		[DataType.Double, null],
		[DataType.String, 5],
		[DataType.DateTime, "yesterday"],
		[DataType.DateTime, "2026-01-05T06:00:00.12345678Z"],
		[DataType.ByteString, "abc"],
		[DataType.Guid, "x"],
		[DataType.NodeId, "i=1"],
	];
	for (const [type, value] of unfit) expect(() => toVariant(type, value), `${DataType[type]} ${value}`).toThrow(MillwrightError);
});

test("arrays become JSON text, with what a double cannot hold as text", () => {
	const array = (dataType: DataType, value: unknown): Variant =>
		new Variant({ dataType, arrayType: VariantArrayType.Array, value });
	expect(plainValue(array(DataType.Double, new Float64Array([1, 2.5])))).toBe("[1,2.5]");
	expect(plainValue(array(DataType.Boolean, [true, false]))).toBe("[true,false]");
	expect(plainValue(array(DataType.Int64, [[0x7fffffff, 0xffffffff]]))).toBe('["9223372036854775807"]');
	expect(plainValue(array(DataType.String, ["a", null]))).toBe('["a",null]');
	const long = reading({ value: array(DataType.Double, new Float64Array(10_001)) });
	expect(long).toMatchObject({ value: null, quality: Quality.badType });
	expect(long.reason).toContain("10001");
});

test("a table becomes rows, and structures show what they hold", () => {
	const matrix = (dimensions: number[], value: number[]): Variant =>
		new Variant({ dataType: DataType.Double, arrayType: VariantArrayType.Matrix, dimensions, value: new Float64Array(value) });
	expect(plainValue(matrix([2, 3], [1, 2, 3, 4, 5, 6]))).toBe("[[1,2,3],[4,5,6]]");
	expect(plainValue(matrix([2, 1, 2], [1, 2, 3, 4]))).toBe("[[[1,2]],[[3,4]]]");
	const structure = new SignatureData({ algorithm: "none", signature: Buffer.from("c0ffee", "hex") });
	expect(plainValue(scalar(DataType.ExtensionObject, structure))).toBe('{"algorithm":"none","signature":"c0ffee"}');
	const structures = new Variant({
		dataType: DataType.ExtensionObject,
		arrayType: VariantArrayType.Array,
		value: [structure, null],
	});
	expect(plainValue(structures)).toBe('[{"algorithm":"none","signature":"c0ffee"},null]');
	const field = new DataValue({
		value: scalar(DataType.Int64, [0xffffffff, 0xfffffffe]),
		sourceTimestamp: new Date("2026-01-05T06:00:00Z"),
	});
	expect(JSON.parse(String(plainValue(scalar(DataType.DataValue, field))))).toMatchObject({
		value: "-2",
		sourceTimestamp: "2026-01-05T06:00:00.000Z",
	});
});

test("a GUID reads in one spelling, whatever it came in", () => {
	expect(plainValue(scalar(DataType.Guid, "72962B91-FA75-4AE6-8D28-B404DC7DAF63"))).toBe("72962b91-fa75-4ae6-8d28-b404dc7daf63");
});

test("source time goes before server time, and that before the time of reading", () => {
	const value = scalar(DataType.Double, 1);
	const source = new Date("2026-01-05T06:00:00.123Z");
	const server = new Date("2026-01-05T06:00:01Z");
	expect(reading({ value, sourceTimestamp: source, serverTimestamp: server }).time).toBe(BigInt(source.getTime()) * 1_000_000n);
	expect(reading({ value, serverTimestamp: server }).time).toBe(BigInt(server.getTime()) * 1_000_000n);
	expect(reading({ value }).time).toBe(readAt);
	// 456,789 ns beyond the ms, given in picoseconds.
	expect(nanosOf(source, 456_789_000)).toBe(BigInt(source.getTime()) * 1_000_000n + 456_789n);
	expect(nanosOf(new Date(Number.NaN), 0)).toBeUndefined();
	expect(nanosOf(new Date("1601-01-01"), 0)).toBeUndefined();
});

test("quality tells what the server says, in its word", () => {
	const value = scalar(DataType.Double, 1);
	expect(reading({ value })).toMatchObject({ value: 1, quality: Quality.good });
	expect(reading({ value }).reason).toBeUndefined();
	expect(reading({ value, statusCode: StatusCodes.UncertainLastUsableValue })).toMatchObject({
		quality: Quality.uncertainStale,
		reason: "UncertainLastUsableValue",
	});
	expect(reading({ value, statusCode: StatusCodes.BadSensorFailure })).toMatchObject({ quality: Quality.badSensorFault });
	expect(reading({ value: scalar(DataType.Double, Number.NaN) })).toMatchObject({ value: null, quality: Quality.badType });
	expect(badReading(StatusCodes.BadNoMatch, readAt)).toMatchObject({
		value: null,
		quality: Quality.badConfiguration,
		reason: "BadNoMatch",
	});
	expect(badReading(StatusCodes.Good, readAt).quality).toBe(Quality.bad);
});

test("numbers that are none never arrive as good", () => {
	fc.assert(
		fc.property(fc.double(), (value) => {
			const read = reading({ value: scalar(DataType.Double, value) });
			expect(read.quality === Quality.good).toBe(Number.isFinite(value));
		}),
	);
});
