import { conversion, isBad, type Nanos, Quality, type Value } from "@millwright/core";
import type { Pipeline, TagKind } from "../api.ts";
import { passAll, passDeadband, passSample } from "./pass-directly.ts";
import { noCounts, type Passing, type RowSink, type TagCounts } from "./stage.ts";
import { passSummary, type SummaryTags } from "./summary.ts";
import { passSwingingDoor } from "./swinging-door.ts";

export interface TagPipeline {
	/** One value the driver gave. `ms` is `time` in ms with a fraction. */
	take(time: Nanos, ms: number, raw: Value, quality: Quality, out: RowSink): void;
	/** The newest value again under another quality: stale, not connected. */
	mark(time: Nanos, ms: number, quality: Quality, out: RowSink): void;
	/** Windows and held rows; `end` hands out everything. */
	flush(nowMs: number, out: RowSink, end?: boolean): void;
	/** Of the newest row: after scaling and checks, before passing. */
	readonly now: { raw: Value; value: number | string | null; quality: Quality; ms: number };
	readonly counts: TagCounts;
	/** The tag's value as the machine keeps it: unit, offset and scale undone. */
	inverse(value: number | boolean | string): Value;
	/** The machine's value as the tag shows it, without checks and without leaving a trace. */
	show(raw: Value): number | string | null;
	/** Does anything wait for `flush`? */
	readonly holds: boolean;
}

export interface PipelineTags {
	id: number;
	/** Needed when the pipeline ends in a summary. */
	summary?: SummaryTags | undefined;
}

/** One closure a tag, from its settings; throws `core.unit-…` for units that do not fit together. */
export function createPipeline({
	settings,
	kind,
	unit,
	tags,
	counts = noCounts(),
}: {
	settings: Pipeline;
	kind: TagKind;
	unit: string;
	tags: PipelineTags;
	counts?: TagCounts;
}): TagPipeline {
	const { range, rate, stuckAfter, round, fromUnit } = settings;
	const convert = fromUnit === undefined ? { scale: 1, offset: 0 } : conversion(fromUnit, unit);
	const gain = settings.scale * convert.scale;
	const zero = settings.offset * convert.scale + convert.offset;
	const places = round === undefined ? undefined : 10 ** round;
	const min = range?.min ?? Number.NEGATIVE_INFINITY;
	const max = range?.max ?? Number.POSITIVE_INFINITY;
	const isText = kind === "text";
	const isNumber = kind === "number" || kind === "integer";
	const isLinear = isNumber && (gain !== 1 || zero !== 0);
	const passing: Passing | undefined = isText ? undefined : passingOf(settings.pass, tags, counts);
	const now: TagPipeline["now"] = { raw: null, value: null, quality: -1, ms: Number.NaN };

	/** For rate and stuck. */
	let trusted = Number.NaN;
	let trustedMs = Number.NaN;
	let changedMs = Number.NaN;
	let still = Number.NaN;
	/** For texts, which pass by change. */
	let passedText: string | null | undefined;
	let passedMs = Number.NEGATIVE_INFINITY;

	/** NaN where the value is no number the tag can show. */
	function numberOf(raw: Value): number {
		let value: number;
		if (typeof raw === "number") value = raw;
		else if (typeof raw === "boolean") value = raw ? 1 : 0;
		else if (typeof raw === "bigint") value = Number(raw);
		else return Number.NaN;
		if (!Number.isFinite(value)) return Number.NaN;
		if (!isNumber) return value === 0 ? 0 : 1;
		if (isLinear) value = value * gain + zero;
		if (places !== undefined) value = Math.round(value * places) / places;
		return kind === "integer" ? Math.round(value) : value;
	}

	/** A whole number no double holds: kept digit by digit where nothing is to be computed with it. */
	const isWide = (raw: Value): raw is bigint =>
		typeof raw === "bigint" && kind === "integer" && !isLinear && (raw > 9007199254740991n || raw < -9007199254740991n);

	function passText(time: Nanos, ms: number, text: string | null, quality: Quality, changed: boolean, out: RowSink): void {
		const { pass } = settings;
		const isDue =
			changed ||
			pass.by === "all" ||
			(pass.by === "sample"
				? Math.floor(ms / Math.max(1, pass.every)) !== Math.floor(passedMs / Math.max(1, pass.every))
				: text !== passedText ||
					("atLeastEvery" in pass && pass.atLeastEvery !== undefined && ms - passedMs >= pass.atLeastEvery));
		if (!isDue) {
			counts.filtered++;
			return;
		}
		passedText = text;
		passedMs = ms;
		out.add(tags.id, time, text, quality);
	}

	function leave(time: Nanos, ms: number, value: number | string | null, quality: Quality, out: RowSink): void {
		const changed = quality !== now.quality;
		now.value = value;
		now.quality = quality;
		now.ms = ms;
		if (passing && typeof value !== "string") passing.row(time, ms, value ?? Number.NaN, quality, changed, out);
		else {
			if (passing && changed) passing.flush(ms, out, true);
			passText(time, ms, value as string | null, quality, changed, out);
		}
	}

	return {
		now,
		counts,
		holds: settings.pass.by === "summary" || settings.pass.by === "swinging-door",
		take(time, ms, raw, given, out) {
			counts.read++;
			now.raw = raw;
			if (isBad(given)) {
				leave(time, ms, null, given, out);
				return;
			}
			let quality = given;
			if (isText) {
				leave(time, ms, textOf(raw), quality, out);
				return;
			}
			if (isWide(raw)) {
				leave(time, ms, raw.toString(), quality, out);
				return;
			}
			const value = numberOf(raw);
			if (Number.isNaN(value)) {
				// Said once; the same again says nothing new.
				if (now.quality === Quality.badType) counts.rejected++;
				else leave(time, ms, null, Quality.badType, out);
				return;
			}
			if (range && (value < min || value > max)) {
				if (range.outside === "drop") {
					counts.rejected++;
					return;
				}
				quality = range.outside === "bad" ? Quality.badOutOfRange : worse(quality, Quality.uncertainRange);
			}
			if (rate && !isBad(quality)) {
				const seconds = (ms - trustedMs) / 1000;
				if (seconds > 0 && Math.abs(value - trusted) / seconds > rate.perSecond) {
					if (rate.outside === "drop") {
						counts.rejected++;
						return;
					}
					quality = rate.outside === "bad" ? Quality.badSensorFault : worse(quality, Quality.uncertainRate);
				} else {
					trusted = value;
					trustedMs = ms;
				}
			}
			if (stuckAfter !== undefined) {
				if (value !== still) {
					still = value;
					changedMs = ms;
				} else if (ms - changedMs >= stuckAfter && !isBad(quality)) quality = Quality.badStuck;
			}
			leave(time, ms, value, quality, out);
		},
		mark(time, ms, quality, out) {
			counts.made++;
			leave(time, ms, now.quality === -1 ? null : now.value, quality, out);
		},
		flush(nowMs, out, end = false) {
			passing?.flush(nowMs, out, end);
		},
		inverse(value) {
			if (isText) return String(value);
			if (kind === "boolean") return typeof value === "string" ? value === "true" || value === "1" : Boolean(value);
			const number = Number(value);
			if (!isLinear) return number;
			// 23.7 / 0.1 is 236.99999999999997; twelve digits are more than any machine keeps.
			return Number(((number - zero) / gain).toPrecision(12));
		},
		show(raw) {
			if (isText) return textOf(raw);
			if (isWide(raw)) return raw.toString();
			const value = numberOf(raw);
			return Number.isNaN(value) ? null : value;
		},
	};
}

const worse = (a: Quality, b: Quality): Quality => (a >= 0x40 ? a : b);
const textOf = (raw: Value): string | null => (raw === null ? null : String(raw));

function passingOf(pass: Pipeline["pass"], tags: PipelineTags, counts: TagCounts): Passing {
	switch (pass.by) {
		case "all":
			return passAll(tags.id);
		case "sample":
			return passSample(tags.id, pass, counts);
		case "deadband":
			return passDeadband(tags.id, pass, counts);
		case "swinging-door":
			return passSwingingDoor(tags.id, pass, counts);
		case "summary":
			if (!tags.summary) throw new Error("a summary needs the ids of its tags");
			return passSummary(tags.summary, pass, counts);
	}
}
