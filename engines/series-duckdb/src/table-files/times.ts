import { nanosFromIso } from "@millwright/core";

const units: Record<string, bigint> = { s: 1_000_000_000n, ms: 1_000_000n, us: 1000n, ns: 1n };
/** int64 nanoseconds reach from 1677 to 2262. */
const farthest = 9_223_372_036_000_000_000n;

export const isUnit = (form: string): boolean => Object.hasOwn(units, form);
/** A pattern of strptime; the database has read it already, so that what comes here is ISO. */
export const isPattern = (form: string): boolean => form.includes("%");

/** Text of a time column to ns since 1970 UTC; undefined where it is none. */
export function createTimeReader({ form, zone }: { form: string; zone: string }): (text: string) => bigint | undefined {
	if (isUnit(form)) {
		const unit = units[form] as bigint;
		return (text) => inReach(fromNumber(text, unit));
	}
	const offsetOf = createZone(zone);
	return (text) => inReach(fromIso(text, offsetOf));
}

const inReach = (time: bigint | undefined): bigint | undefined =>
	time !== undefined && time < farthest && time > -farthest ? time : undefined;

/** "1767597600.25" of a unit, without going through a double. */
function fromNumber(text: string, unit: bigint): bigint | undefined {
	const match = /^\s*([+-]?)(\d{1,19})(?:\.(\d*))?(?:[eE]\+?0*)?\s*$/.exec(text);
	if (!match) return undefined;
	const [, sign, whole = "0", fraction = ""] = match;
	const digits = unit.toString().length - 1;
	const part = digits === 0 ? 0n : BigInt(fraction.slice(0, digits).padEnd(digits, "0"));
	const time = BigInt(whole) * unit + part;
	return sign === "-" ? -time : time;
}

const isoPattern = /^\s*(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,12})?)?)\s*(Z|[+-]\d{2}(?::?\d{2})?)?\s*$/i;

function fromIso(text: string, offsetOf: (wallMs: number) => number): bigint | undefined {
	const match = isoPattern.exec(text);
	if (!match) return undefined;
	const [, date = "", clock = "", zone] = match;
	const time = (clock.length === 5 ? `${clock}:00` : clock).replace(",", ".").replace(/(\.\d{9})\d+/, "$1");
	const wall = nanosFromIso(`${date}T${time}Z`);
	if (wall === undefined) return undefined;
	if (zone === undefined) return wall - BigInt(offsetOf(Number(wall / 1_000_000n))) * 1_000_000n;
	if (zone.toUpperCase() === "Z") return wall;
	const hours = Number(zone.slice(1, 3));
	const minutes = Number(zone.slice(3).replace(":", "") || "0");
	if (hours > 18 || minutes > 59) return undefined;
	const offset = BigInt((zone[0] === "-" ? -1 : 1) * (hours * 60 + minutes)) * 60_000_000_000n;
	return wall - offset;
}

/**
 * Offset of a zone at a wall time, ms to take away for UTC. An hour that a change of clocks leaves out is read as before the
 * change, one that it repeats as its first passing. Throws a RangeError for an unknown zone.
 */
export function createZone(zone: string): (wallMs: number) => number {
	if (/^(utc|gmt|z)$/i.test(zone)) return () => 0;
	const format = new Intl.DateTimeFormat("en-US", {
		timeZone: zone,
		hourCycle: "h23",
		year: "numeric",
		month: "numeric",
		day: "numeric",
		hour: "numeric",
		minute: "numeric",
		second: "numeric",
	});
	const offsetAt = (utcMs: number): number => {
		const part = Object.fromEntries(format.formatToParts(utcMs).map(({ type, value }) => [type, Number(value)]));
		const wall = Date.UTC(
			part.year as number,
			(part.month as number) - 1,
			part.day as number,
			part.hour as number,
			part.minute as number,
			part.second as number,
		);
		return wall - Math.floor(utcMs / 1000) * 1000;
	};
	/** By quarter of an hour: no zone changes within one. */
	const known = new Map<number, number>();
	return (wallMs) => {
		const quarter = Math.floor(wallMs / 900_000);
		let offset = known.get(quarter);
		if (offset === undefined) {
			const start = quarter * 900_000;
			const before = offsetAt(start - 86_400_000);
			const after = offsetAt(start + 86_400_000);
			// The larger offset is the earlier moment.
			const fits = [before, after].filter((one) => offsetAt(start - one) === one);
			offset = fits.length > 0 ? Math.max(...fits) : before;
			if (known.size > 200_000) known.clear();
			known.set(quarter, offset);
		}
		return offset;
	};
}
