/** UCUM, with the code, sign and name that OPC UA gives a unit. Source: UNECE Recommendation 20. */
export const engineeringUnits: Readonly<Record<string, { code: string; sign: string; name: string }>> = {
	Cel: { code: "CEL", sign: "°C", name: "degree Celsius" },
	bar: { code: "BAR", sign: "bar", name: "bar" },
	Pa: { code: "PAL", sign: "Pa", name: "pascal" },
	"%": { code: "P1", sign: "%", name: "percent" },
	"/min": { code: "RPM", sign: "r/min", name: "revolutions per minute" },
	"N.m": { code: "NU", sign: "N·m", name: "newton metre" },
	"m3/h": { code: "MQH", sign: "m³/h", name: "cubic metre per hour" },
	"mm/s": { code: "C16", sign: "mm/s", name: "millimetre per second" },
	kW: { code: "KWT", sign: "kW", name: "kilowatt" },
	h: { code: "HUR", sign: "h", name: "hour" },
	A: { code: "AMP", sign: "A", name: "ampere" },
	"/m3": { code: "C38", sign: "1/m³", name: "reciprocal cubic metre" },
};
