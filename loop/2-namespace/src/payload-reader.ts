import { nanosFromIso, Quality, qualityCode } from "@millwright/core";
import type { TagPayload } from "./api.ts";

/** Longest text value and the like; a tag is a quantity, not a document. */
const longestText = 4096;

/** Why a payload is not one; `code` to search, `reason` to read. */
export interface PayloadProblem {
	code: string;
	reason: string;
}

const problem = (reason: string): PayloadProblem => ({ code: "namespace.payload-invalid", reason });

type Loose = Record<string, unknown>;
const isObject = (value: unknown): value is Loose => typeof value === "object" && value !== null && !Array.isArray(value);
const isShortText = (value: unknown): value is string => typeof value === "string" && value.length <= longestText;

/** `TagPayload` by hand, for every message of every stranger; a test holds it against the schema. */
export function payloadProblem(document: unknown): PayloadProblem | undefined {
	if (!isObject(document)) return problem("The payload must be a JSON object");
	const { timestamp, seq, historical, source, measurement, context } = document;
	if (typeof timestamp !== "string" || nanosFromIso(timestamp) === undefined)
		return problem("timestamp must be ISO 8601 with a time zone and at most nine fraction digits");
	if (seq !== undefined && !(Number.isSafeInteger(seq) && (seq as number) >= 0))
		return problem("seq must be a whole number from 0");
	if (historical !== undefined && historical !== true) return problem("historical must be true or left out");
	if (context !== undefined && !isObject(context)) return problem("context must be an object");
	return sourceProblem(source) ?? measurementProblem(measurement);
}

function sourceProblem(source: unknown): PayloadProblem | undefined {
	if (!isObject(source)) return problem("source must be an object");
	if (!isShortText(source.device_id)) return problem("source.device_id must be a text");
	if (source.location !== undefined && !isShortText(source.location)) return problem("source.location must be a text");
	if (source.protocol !== undefined && !isShortText(source.protocol)) return problem("source.protocol must be a text");
	if (source.unit_id !== undefined && typeof source.unit_id !== "number") return problem("source.unit_id must be a number");
	return undefined;
}

function measurementProblem(measurement: unknown): PayloadProblem | undefined {
	if (!isObject(measurement)) return problem("measurement must be an object");
	const { name, value, unit, range, quality, reason } = measurement;
	if (!isShortText(name)) return problem("measurement.name must be a text");
	if (value === undefined || (value !== null && typeof value !== "number" && typeof value !== "boolean" && !isShortText(value)))
		return problem("measurement.value must be a number, a text, true, false or null");
	if (unit !== undefined && !isShortText(unit)) return problem("measurement.unit must be a text");
	if (range !== undefined && !(Array.isArray(range) && range.length === 2 && range.every((end) => typeof end === "number")))
		return problem("measurement.range must be two numbers");
	if (quality !== "Good" && quality !== "Uncertain" && quality !== "Bad")
		return problem("measurement.quality must be Good, Uncertain or Bad");
	if (reason !== undefined && !isShortText(reason)) return problem("measurement.reason must be a text");
	return undefined;
}

/** Our code for the document's word and reason; an unknown reason keeps its word. */
export function qualityOf({ quality, reason }: TagPayload["measurement"]): Quality {
	const base = quality === "Good" ? Quality.good : quality === "Uncertain" ? Quality.uncertain : Quality.bad;
	return reason === undefined ? base : (qualityCode(`${quality.toLowerCase()}:${reason}`) ?? base);
}
