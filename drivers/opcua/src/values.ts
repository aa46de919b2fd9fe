/** What OPC UA carries to and from plain values. Pure. */
import { MillwrightError, type Nanos, Quality, qualityFromOpcUa, type Reading, type Value } from "@millwright/core";
import { DataType, type DataValue, type StatusCode, type Variant, VariantArrayType } from "node-opcua-client";
import { plainStructure } from "./structures.ts";
import { dateOfText, halvesOf, textOfDate, wide } from "./wide-values.ts";

/** Longer arrays are pictures or files, not a tag's value. */
const longestArray = 10_000;

const textOf = (value: unknown): string => String((value as { toString(): string }).toString());

const structured = new Set([DataType.ExtensionObject, DataType.DataValue, DataType.Variant, DataType.DiagnosticInfo]);
const unfolded = (value: unknown): unknown => plainStructure(value, (variant) => plainValue(variant as Variant));

/** One value; not for arrays. */
export function scalarOf(dataType: DataType, value: unknown): Value {
	if (value === null || value === undefined) return null;
	switch (dataType) {
		case DataType.Boolean:
			return value === true;
		case DataType.SByte:
		case DataType.Byte:
		case DataType.Int16:
		case DataType.UInt16:
		case DataType.Int32:
		case DataType.UInt32:
		case DataType.Float:
		case DataType.Double:
			return value as number;
		case DataType.Int64:
			return wide(value as [number, number], true);
		case DataType.UInt64:
			return wide(value as [number, number], false);
		case DataType.DateTime:
			return value instanceof Date ? textOfDate(value) : null;
		case DataType.ByteString:
			return Buffer.from(value as Uint8Array).toString("hex");
		case DataType.LocalizedText:
			return (value as { text?: string | null }).text ?? null;
		case DataType.QualifiedName:
			return (value as { name?: string | null }).name ?? null;
		case DataType.StatusCode:
			return (value as StatusCode).name;
		case DataType.Guid:
			return (value as string).toLowerCase();
		case DataType.String:
		case DataType.XmlElement:
			return value as string;
		case DataType.NodeId:
		case DataType.ExpandedNodeId:
			return textOf(value);
		case DataType.ExtensionObject:
		case DataType.DataValue:
		case DataType.Variant:
		case DataType.DiagnosticInfo:
			return JSON.stringify(unfolded(value), bigAsText);
		default:
			return null;
	}
}

const bigAsText = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);

/** A flat list in rows of rows, the last dimension nearest; as it is where the dimensions do not fit it. */
function nested(items: readonly unknown[], dimensions: readonly number[]): unknown {
	if (dimensions.reduce((product, length) => product * length, 1) !== items.length) return items;
	let rows: unknown[] = [...items];
	for (const length of dimensions.slice(1).reverse())
		rows = Array.from({ length: rows.length / length }, (_, i) => rows.slice(i * length, (i + 1) * length));
	return rows;
}

/** Numbers only: enumerations arrive as Int32, booleans stay booleans, arrays become JSON text. Throws on what is too long. */
export function plainValue(variant: Variant | null | undefined): Value {
	if (!variant || variant.dataType === DataType.Null || variant.value === null || variant.value === undefined) return null;
	if (variant.arrayType === VariantArrayType.Scalar) return scalarOf(variant.dataType, variant.value);
	const items = Array.from(variant.value as ArrayLike<unknown>);
	if (items.length > longestArray) throw new Error(`an array of ${items.length} elements, where ${longestArray} are kept`);
	const plain = items.map((item) => (structured.has(variant.dataType) ? unfolded(item) : scalarOf(variant.dataType, item)));
	return JSON.stringify(
		variant.arrayType === VariantArrayType.Matrix ? nested(plain, variant.dimensions ?? []) : plain,
		bigAsText,
	);
}

/** Date and the picoseconds beyond its milliseconds, to ns. */
export function nanosOf(date: Date | null | undefined, picoseconds: number | null | undefined): Nanos | undefined {
	const ms = date?.getTime();
	// Servers that know no time send 1601 or 1970.
	if (ms === undefined || !Number.isFinite(ms) || ms <= 0) return undefined;
	return BigInt(ms) * 1_000_000n + BigInt(Math.floor((picoseconds ?? 0) / 1000));
}

/** Source time, else server time, else when we read. */
export function readingOf(data: DataValue, readAt: Nanos): Reading {
	const time =
		nanosOf(data.sourceTimestamp, data.sourcePicoseconds) ?? nanosOf(data.serverTimestamp, data.serverPicoseconds) ?? readAt;
	const quality = qualityFromOpcUa(data.statusCode.value);
	const reason = data.statusCode.value === 0 ? undefined : data.statusCode.name;
	let value: Value;
	try {
		value = plainValue(data.value);
	} catch (error) {
		return { value: null, time, quality: Quality.badType, reason: (error as Error).message };
	}
	if (typeof value === "number" && !Number.isFinite(value))
		return {
			value: null,
			time,
			quality: quality >= Quality.bad ? quality : Quality.badType,
			reason: reason ?? `${value} is no number`,
		};
	return { value, time, quality, ...(reason === undefined ? {} : { reason }) };
}

/** Of looking up a path: the address is wrong, or the server has changed. */
const leadsNowhere = new Set(["BadNoMatch", "BadBrowseNameInvalid", "BadNothingToDo"]);

/** What a failure of one item reads as. */
export const badReading = (status: StatusCode, time: Nanos): Reading => ({
	value: null,
	time,
	quality: leadsNowhere.has(status.name) ? Quality.badConfiguration : Math.max(qualityFromOpcUa(status.value), Quality.bad),
	reason: status.name,
});

const integers = new Map<DataType, [min: bigint, max: bigint]>([
	[DataType.SByte, [-0x80n, 0x7fn]],
	[DataType.Byte, [0n, 0xffn]],
	[DataType.Int16, [-0x8000n, 0x7fffn]],
	[DataType.UInt16, [0n, 0xffffn]],
	[DataType.Int32, [-0x8000_0000n, 0x7fff_ffffn]],
	[DataType.UInt32, [0n, 0xffff_ffffn]],
	[DataType.Int64, [-(1n << 63n), (1n << 63n) - 1n]],
	[DataType.UInt64, [0n, (1n << 64n) - 1n]],
]);

/** A value as the server's type wants it. Throws `opcua.value-unfit` rather than round, wrap or cut. */
export function toVariant(dataType: DataType, value: Value): { dataType: DataType; value: unknown } {
	const refuse = (why: string): never => {
		throw new MillwrightError(
			"opcua.value-unfit",
			`${typeof value === "string" ? `"${value}"` : value} cannot be written: ${why}`,
			{
				kind: "input",
			},
		);
	};
	const range = integers.get(dataType);
	if (range) {
		const isWhole =
			typeof value === "bigint" ||
			(typeof value === "number" && Number.isInteger(value)) ||
			(typeof value === "string" && /^-?\d{1,20}$/.test(value));
		if (!isWhole) return refuse(`${DataType[dataType]} needs a whole number`);
		const whole = BigInt(value as number | bigint | string);
		if (whole < range[0] || whole > range[1]) return refuse(`${DataType[dataType]} holds ${range[0]} to ${range[1]}`);
		if (dataType === DataType.Int64 || dataType === DataType.UInt64) return { dataType, value: halvesOf(whole) };
		return { dataType, value: Number(whole) };
	}
	switch (dataType) {
		case DataType.Boolean:
			if (value === true || value === 1 || value === 1n) return { dataType, value: true };
			if (value === false || value === 0 || value === 0n) return { dataType, value: false };
			return refuse("Boolean needs true or false");
		case DataType.Float:
		case DataType.Double: {
			const number = typeof value === "bigint" ? Number(value) : value;
			if (typeof number !== "number" || !Number.isFinite(number)) return refuse(`${DataType[dataType]} needs a number`);
			if (dataType === DataType.Float && !Number.isFinite(Math.fround(number))) return refuse("Float holds up to 3.4e38");
			return { dataType, value: number };
		}
		case DataType.String:
			return typeof value === "string" ? { dataType, value } : refuse("String needs text");
		case DataType.LocalizedText:
			return typeof value === "string" ? { dataType, value: { text: value } } : refuse("LocalizedText needs text");
		case DataType.DateTime: {
			const date = typeof value === "string" ? dateOfText(value) : undefined;
			return date
				? { dataType, value: date }
				: refuse("DateTime needs text like 2026-01-05T06:00:00.1234567Z, with a zone and at most seven digits");
		}
		case DataType.ByteString:
			return typeof value === "string" && /^([0-9a-f]{2})*$/i.test(value)
				? { dataType, value: Buffer.from(value, "hex") }
				: refuse("ByteString needs hexadecimal text");
		case DataType.Guid:
			return typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
				? { dataType, value }
				: refuse("Guid needs text like 72962b91-fa75-4ae6-8d28-b404dc7daf63");
		default:
			return refuse(`values of type ${DataType[dataType]} are not written`);
	}
}
