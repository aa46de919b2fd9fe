import { asMillwrightError, MillwrightError } from "../errors.ts";
import { sameDimension } from "./dimension.ts";
import { parseUnit } from "./parse.ts";

/** target = value × scale + offset. */
export interface UnitConversion {
	scale: number;
	offset: number;
}

/** How one unit becomes another; throws `core.unit-invalid` or `core.unit-mismatch`. */
export function conversion(from: string, to: string): UnitConversion {
	if (from === to) {
		parseUnit(from);
		return { scale: 1, offset: 0 };
	}
	const source = parseUnit(from);
	const target = parseUnit(to);
	if (!sameDimension(source.dimension, target.dimension))
		throw new MillwrightError("core.unit-mismatch", `"${from}" cannot become "${to}": they measure different things`, {
			kind: "input",
		});
	return { scale: source.factor / target.factor, offset: (source.offset - target.offset) / target.factor };
}

/** A value in another unit, temperatures with their zero points: 20 Cel is 68 [degF]. */
export function convert(value: number, from: string, to: string): number {
	const { scale, offset } = conversion(from, to);
	return value * scale + offset;
}

/** Do both units measure the same thing? False also where one is not a unit. */
export function compatible(a: string, b: string): boolean {
	try {
		return sameDimension(parseUnit(a).dimension, parseUnit(b).dimension);
	} catch {
		return false;
	}
}

/** What is wrong with a UCUM code, for people; undefined when nothing is. */
export function unitProblem(text: string): string | undefined {
	try {
		parseUnit(text);
		return undefined;
	} catch (thrown) {
		const meant = ucumFromWord(text);
		const sentence = asMillwrightError(thrown).message;
		return meant === undefined ? sentence : `${sentence}; did you mean "${meant}"?`;
	}
}

/** Words people and machines write in payloads, to UCUM. Keys are lower case; blanks, dots and underscores are dropped before looking. */
const words: ReadonlyMap<string, string> = new Map(
	Object.entries({
		Cel: "celsius degc degcelsius degreescelsius degreecelsius °c c grad centigrade gradoscelsius",
		"[degF]": "fahrenheit degf degfahrenheit degreesfahrenheit degreefahrenheit °f f",
		K: "kelvin degk degkelvin",
		"/min": "rpm r/min rev/min revs/min revolutionsperminute u/min 1/min min-1 min^-1 rev/minute",
		Hz: "hertz cps 1/s s-1",
		bar: "bars barg bara bar(g) bar(a)",
		mbar: "millibar millibars",
		Pa: "pascal pascals",
		kPa: "kilopascal kilopascals",
		MPa: "megapascal megapascals",
		"[psi]": "psi psig psia poundspersquareinch lb/in2",
		"%": "percent pct prozent porcentaje %rh rh% percentage",
		"1": "none unitless ratio dimensionless -",
		"{count}": "count counts pcs pieces parts stück units piece ea each",
		"m3/h": "m³/h m^3/h cubicmetersperhour cubicmetresperhour m3/hr cbm/h",
		"m3/s": "m³/s m^3/s",
		"L/min": "lpm l/min litersperminute litresperminute",
		"L/h": "l/h lph litersperhour litresperhour l/hr",
		"L/s": "l/s lps",
		L: "liter litre liters litres",
		m3: "m³ m^3 cubicmeter cubicmetre cubicmeters cubicmetres cbm",
		"[gal_us]": "gal gallon gallons usgal",
		"[gal_us]/min": "gpm gallonsperminute gal/min usgpm",
		"[cft_i]/min": "cfm ft3/min ft³/min",
		"mm/s": "mmps millimeterspersecond millimetrespersecond mm/sec",
		"m/s": "mps meterspersecond metrespersecond m/sec",
		"m/s2": "m/s² m/s^2 mps2",
		"m/min": "mpm meterspermin metersperminute",
		"[in_i]/s": "ips in/s inchespersecond",
		"[g]": "gforce gravity gees",
		um: "µm μm micron microns micrometer micrometre",
		mm: "millimeter millimetre millimeters millimetres",
		cm: "centimeter centimetre centimeters centimetres",
		m: "meter metre meters metres",
		km: "kilometer kilometre kilometers kilometres",
		"[in_i]": "in inch inches",
		"[ft_i]": "ft foot feet",
		s: "sec secs second seconds",
		ms: "msec millisecond milliseconds",
		min: "minute minutes mins",
		h: "hour hours hr hrs",
		d: "day days",
		A: "amp amps ampere amperes",
		mA: "milliamp milliamps milliampere milliamperes",
		V: "volt volts",
		mV: "millivolt millivolts",
		kV: "kilovolt kilovolts",
		W: "watt watts",
		kW: "kilowatt kilowatts",
		MW: "megawatt megawatts",
		"[HP]": "hp horsepower",
		"kW.h": "kwh kilowatthour kilowatthours kw/h",
		"W.h": "wh watthour watthours",
		"MW.h": "mwh megawatthour megawatthours",
		"V.A": "va voltampere",
		"kV.A": "kva",
		J: "joule joules",
		N: "newton newtons",
		kN: "kilonewton kilonewtons",
		"N.m": "nm newtonmeter newtonmetre newtonmeters newton-meter n*m n·m",
		g: "gram grams gramm",
		kg: "kilogram kilograms kilo kilos kgs",
		t: "ton tons tonne tonnes metricton",
		"[lb_av]": "lb lbs pound pounds",
		"kg/h": "kg/hr kilogramsperhour",
		"[pH]": "ph",
		deg: "degree degrees ° grados",
		rad: "radian radians",
		dB: "decibel decibels db(a) dba",
		"uS/cm": "µs/cm μs/cm us/cm microsiemenspercm",
		"[ppm]": "ppm partspermillion",
		Ohm: "ohms ω Ω",
		lx: "lux",
		"m3/m3": "m³/m³",
	}).flatMap(([code, list]) =>
		list
			.split(" ")
			.filter(Boolean)
			.map((word) => [word, code] as const),
	),
);

/** The UCUM code behind a plain word such as "Celsius" or "rpm"; undefined where the word is unknown. */
export const ucumFromWord = (text: string): string | undefined =>
	text.length > 64 ? undefined : (words.get(text.toLowerCase().replace(/[\s._]/g, "")) ?? words.get(text));

/**
 * What a payload's unit means in UCUM, be it a word or a code. Words go first: "C" in a payload is Celsius and not
 * coulomb. Undefined where it is neither.
 */
export function ucumFrom(text: string): string | undefined {
	const trimmed = text.trim();
	const exact = /^[CF]$/.test(trimmed) || trimmed === "-";
	if (!exact && isUnit(trimmed)) return trimmed;
	return ucumFromWord(trimmed);
}

export function isUnit(code: string): boolean {
	try {
		parseUnit(code);
		return true;
	} catch {
		return false;
	}
}
