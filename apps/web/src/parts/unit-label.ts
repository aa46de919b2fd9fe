/** UCUM codes that people write in another way. Source: UCUM 2.2 tables and shop-floor habit. */
const plain: Record<string, string> = {
	"1": "",
	"{1}": "",
	"{#}": "",
	"#": "",
	Cel: "°C",
	"[degF]": "°F",
	deg: "°",
	"'": "′",
	Ohm: "Ω",
	"/min": "1/min",
	"{rpm}": "rpm",
	"/min{rpm}": "rpm",
	"[pH]": "pH",
	"[ppm]": "ppm",
	"[in_i]": "in",
	"[ft_i]": "ft",
	"[psi]": "psi",
	"[hp_I]": "hp",
	"kW.h": "kWh",
	"W.h": "Wh",
	"N.m": "Nm",
	"kVA{r}": "kvar",
	"V.A": "VA",
	"kV.A": "kVA",
	"dB[SPL]": "dB",
	mo: "mo",
	wk: "wk",
	"m[H2O]": "mH₂O",
};

const raised: Record<string, string> = {
	"0": "⁰",
	"1": "¹",
	"2": "²",
	"3": "³",
	"4": "⁴",
	"5": "⁵",
	"6": "⁶",
	"7": "⁷",
	"8": "⁸",
	"9": "⁹",
	"-": "⁻",
};

/** A UCUM code for the eye: "m3/h" is m³/h, "um" is µm. Unknown codes are shown as they are. */
export function unitLabel(code: string): string {
	const known = plain[code];
	if (known !== undefined) return known;
	return code
		.replace(/\{([^}]*)\}/g, "$1")
		.split(/([./])/)
		.map((part) => {
			if (part === ".") return "·";
			if (part === "/") return "/";
			const simple = plain[part];
			if (simple !== undefined) return simple;
			return part
				.replace(/^u(?=[A-Za-z])/, "µ")
				.replace(/(?<=[A-Za-z])-?\d+$/, (power) => [...power].map((digit) => raised[digit] ?? digit).join(""));
		})
		.join("");
}
