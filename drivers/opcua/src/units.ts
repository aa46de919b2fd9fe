/**
 * Units as OPC UA servers name them, UNECE Recommendation 20 common codes, to UCUM.
 * Source: OPC UA Part 8 §5.6.4.3 (the number is the code's characters, one byte each).
 */
const ucumOfCode: Readonly<Record<string, string>> = {
	// Temperature
	CEL: "Cel",
	KEL: "K",
	FAH: "[degF]",
	// Pressure
	PAL: "Pa",
	KPA: "kPa",
	MPA: "MPa",
	A97: "hPa",
	BAR: "bar",
	MBR: "mbar",
	PS: "[psi]",
	// Length, area, volume
	MTR: "m",
	CMT: "cm",
	MMT: "mm",
	"4H": "um",
	KMT: "km",
	INH: "[in_i]",
	FOT: "[ft_i]",
	MTK: "m2",
	MTQ: "m3",
	LTR: "L",
	MLT: "mL",
	// Time and turning
	SEC: "s",
	C26: "ms",
	MIN: "min",
	HUR: "h",
	DAY: "d",
	HTZ: "Hz",
	KHZ: "kHz",
	MHZ: "MHz",
	RPM: "/min",
	RPS: "/s",
	DD: "deg",
	C81: "rad",
	"2A": "rad/s",
	// Speed and acceleration
	MTS: "m/s",
	KMH: "km/h",
	C16: "mm/s",
	"2X": "m/min",
	MSK: "m/s2",
	K40: "[g]",
	// Mass, force, torque
	MGM: "mg",
	GRM: "g",
	KGM: "kg",
	TNE: "t",
	NEW: "N",
	B47: "kN",
	NU: "N.m",
	// Flow
	MQH: "m3/h",
	MQS: "m3/s",
	L2: "L/min",
	E32: "L/h",
	G51: "L/s",
	E93: "kg/h",
	KGS: "kg/s",
	// Energy and power
	JOU: "J",
	KJO: "kJ",
	WHR: "W.h",
	KWH: "kW.h",
	MWH: "MW.h",
	WTT: "W",
	KWT: "kW",
	MAW: "MW",
	D46: "V.A",
	KVA: "kV.A",
	// Electricity
	VLT: "V",
	"2Z": "mV",
	KVT: "kV",
	AMP: "A",
	"4K": "mA",
	OHM: "Ohm",
	// The rest
	P1: "%",
	"59": "[ppm]",
	C62: "1",
	EA: "1",
	H87: "1",
	LUX: "lx",
	"2N": "dB",
	Q30: "[pH]",
};

/** 4408652 is "CEL"; undefined where the number is no code. */
export function codeOfUnitId(unitId: number): string | undefined {
	if (!Number.isInteger(unitId) || unitId <= 0 || unitId > 0xffffff) return undefined;
	const code = String.fromCharCode(unitId >> 16, (unitId >> 8) & 0xff, unitId & 0xff).replace(/^\0+/, "");
	return /^[A-Z0-9]+$/.test(code) ? code : undefined;
}

export const unitIdOfCode = (code: string): number => Buffer.from(code, "latin1").reduce((id, byte) => id * 256 + byte, 0);

/** UCUM of a UNECE unit id; undefined where the unit is not among the common ones. */
export function ucumOfUnitId(unitId: number): string | undefined {
	const code = codeOfUnitId(unitId);
	return code === undefined ? undefined : ucumOfCode[code];
}

export const knownCodes: readonly string[] = Object.keys(ucumOfCode);
