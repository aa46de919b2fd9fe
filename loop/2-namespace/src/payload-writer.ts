import { isGood, qualityName, qualityWord } from "@millwright/core";
import { isoText } from "./iso-time.ts";

/** What of a payload never changes while a tag's configuration stands, as JSON text ready to join. */
export interface PayloadFrame {
	/** From `,"source":` to `"value":`. */
	readonly head: string;
	/** From `,"unit":` to `"quality":"`. */
	readonly middle: string;
	readonly boolean: boolean;
}

export interface PayloadFacts {
	device: string;
	location: string;
	protocol: string | undefined;
	unitId: number | undefined;
	name: string;
	unit: string | undefined;
	range: { min?: number; max?: number } | undefined;
	boolean: boolean;
}

export function compilePayload(facts: PayloadFacts): PayloadFrame {
	const source = {
		device_id: facts.device,
		location: facts.location,
		...(facts.protocol === undefined ? {} : { protocol: facts.protocol }),
		...(facts.unitId === undefined ? {} : { unit_id: facts.unitId }),
	};
	const unit = facts.unit === undefined ? "" : `"unit":${JSON.stringify(facts.unit)},`;
	const { min, max } = facts.range ?? {};
	const range = min === undefined || max === undefined ? "" : `"range":${JSON.stringify([min, max])},`;
	return {
		head: `"source":${JSON.stringify(source)},"measurement":{"name":${JSON.stringify(facts.name)},"value":`,
		middle: `,${unit}${range}"quality":"`,
		boolean: facts.boolean,
	};
}

export const valueJson = (value: number | string | null, boolean: boolean): string => {
	if (typeof value === "string") return JSON.stringify(value);
	if (value === null || !Number.isFinite(value)) return "null";
	if (boolean) return value === 0 ? "false" : "true";
	return String(value === 0 ? 0 : value);
};

const qualityEnds = new Map<number, string>();

/** `Good"` or `Bad","reason":"stale"`: the end of the measurement. */
function qualityEnd(quality: number): string {
	let end = qualityEnds.get(quality);
	if (end === undefined) {
		const [, reason] = qualityName(quality).split(":");
		end = `${qualityWord(quality)}"${reason === undefined || isGood(quality) ? "" : `,"reason":${JSON.stringify(reason)}`}`;
		qualityEnds.set(quality, end);
	}
	return end;
}

/** The sources' document by hand; equals JSON.stringify of the same object. `context` is the object's JSON or empty. */
export function writePayload(
	frame: PayloadFrame,
	sample: { time: bigint; sequence: number; historical: boolean; value: number | string | null; quality: number },
	context: string,
): string {
	return `{"timestamp":"${isoText(sample.time)}","seq":${sample.sequence},${sample.historical ? '"historical":true,' : ""}${
		frame.head
	}${valueJson(sample.value, frame.boolean)}${frame.middle}${qualityEnd(sample.quality)}}${
		context === "" ? "" : `,"context":${context}`
	}}`;
}
