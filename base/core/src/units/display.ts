const special: ReadonlyMap<string, string> = new Map(
	Object.entries({
		"1": "",
		Cel: "°C",
		"[degF]": "°F",
		"[degR]": "°R",
		deg: "°",
		Ohm: "Ω",
		"[psi]": "psi",
		"[pH]": "pH",
		"[HP]": "hp",
		"[g]": "g",
		"[in_i]": "in",
		"[ft_i]": "ft",
		"[yd_i]": "yd",
		"[mi_i]": "mi",
		"[mil_i]": "mil",
		"[gal_us]": "gal",
		"[gal_br]": "gal (UK)",
		"[cft_i]": "ft³",
		"[cin_i]": "in³",
		"[sft_i]": "ft²",
		"[sin_i]": "in²",
		"[lb_av]": "lb",
		"[oz_av]": "oz",
		"[lbf_av]": "lbf",
		"[Btu]": "Btu",
		"[ppm]": "ppm",
		"[ppb]": "ppb",
		"[ppth]": "‰",
		"m[H2O]": "mH₂O",
		"m[Hg]": "mHg",
		"10*": "10",
		"10^": "10",
		By: "B",
		"''": "″",
		"'": "′",
	}),
);
const whole: ReadonlyMap<string, string> = new Map(
	Object.entries({
		"/min": "1/min",
		"{rev}/min": "rpm",
		"{rpm}": "rpm",
		"kW.h": "kWh",
		"W.h": "Wh",
		"MW.h": "MWh",
		"kV.A": "kVA",
		"V.A": "VA",
		"{count}": "",
	}),
);
const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const superscript = (digits: string): string =>
	[...digits].map((digit) => (digit === "-" ? "⁻" : digit === "+" ? "" : (raised[Number(digit)] ?? digit))).join("");

/**
 * A UCUM code as people read it: `Cel` → `°C`, `m3/h` → `m³/h`, `kW.h` → `kWh`, `1` → nothing.
 * `/min` shows as `1/min`; as `rpm` where something rotates. Text that is no UCUM comes back much as it went in.
 */
export function displayUnit(code: string, options: { rotation?: boolean } = {}): string {
	if (options.rotation && (code === "/min" || code === "1/min")) return "rpm";
	const ready = whole.get(code);
	if (ready !== undefined) return ready;
	const plain = code.replace(/\{([^}]*)\}/g, "");
	const shown = plain.replace(/10[*^]|(?:\[[^\]]*\]|[^0-9+\-./()\s])+|[+-]?\d+/g, (piece, at: number) => {
		if (/^[+-]?\d+$/.test(piece))
			return at === 0 || /[./(]/.test(plain[at - 1] ?? "") ? (plain === "1" ? "" : piece) : superscript(piece);
		const direct = special.get(piece);
		if (direct !== undefined) return direct;
		const known = [...special].find(
			([symbol]) => symbol.length > 1 && piece.length === symbol.length + 1 && piece.endsWith(symbol),
		);
		if (known) return `${piece[0] === "u" ? "µ" : piece[0]}${known[1]}`;
		return /^u(?:[mgslLAVWNFSTHJK]|Pa|Sv|Hz|bar)$/.test(piece) ? `µ${piece.slice(1)}` : piece.replace(/[[\]]/g, "");
	});
	return shown.replaceAll(".", "·").replace(/^\//, "1/");
}
