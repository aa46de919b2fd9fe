import { type Dimension, dimension, dimensionless } from "./dimension.ts";

/** A unit without prefix or exponent: base = value × factor + offset, base being m, s, g, rad, K, C, cd. */
export interface Atom {
	factor: number;
	/** Only temperatures have a zero point of their own. */
	offset: number;
	dimension: Dimension;
	/** May carry a prefix: kPa yes, kmin no. */
	metric: boolean;
}

const unit = (factor: number, of: Dimension, metric = false): Atom => ({ factor, offset: 0, dimension: of, metric });
const metric = (factor: number, of: Dimension): Atom => unit(factor, of, true);

const length = dimension({ m: 1 });
const area = dimension({ m: 2 });
const volume = dimension({ m: 3 });
const time = dimension({ s: 1 });
const mass = dimension({ g: 1 });
const angle = dimension({ rad: 1 });
const temperature = dimension({ K: 1 });
const charge = dimension({ C: 1 });
const current = dimension({ C: 1, s: -1 });
const force = dimension({ m: 1, g: 1, s: -2 });
const pressure = dimension({ m: -1, g: 1, s: -2 });
const energy = dimension({ m: 2, g: 1, s: -2 });
const power = dimension({ m: 2, g: 1, s: -3 });
const potential = dimension({ m: 2, g: 1, s: -2, C: -1 });
const frequency = dimension({ s: -1 });
const viscosity = dimension({ m: -1, g: 1, s: -1 });
const light = dimension({ cd: 1 });

const inch = 0.0254;
const pound = 453.59237;
const poundForce = pound * 9.80665;
const psi = poundForce / (inch * inch);

/** The units a plant meets. Source of codes and values: The Unified Code for Units of Measure 2.1, tables 1 to 22. */
export const atoms: ReadonlyMap<string, Atom> = new Map<string, Atom>([
	// Base and dimensionless
	["m", metric(1, length)],
	["s", metric(1, time)],
	["g", metric(1, mass)],
	["rad", metric(1, angle)],
	["K", metric(1, temperature)],
	["C", metric(1, charge)],
	["cd", metric(1, light)],
	["10*", unit(10, dimensionless)],
	["10^", unit(10, dimensionless)],
	["[pi]", unit(Math.PI, dimensionless)],
	["%", unit(1e-2, dimensionless)],
	["[ppth]", unit(1e-3, dimensionless)],
	["[ppm]", unit(1e-6, dimensionless)],
	["[ppb]", unit(1e-9, dimensionless)],
	["mol", metric(6.0221367e23, dimensionless)],
	["bit", metric(1, dimensionless)],
	["By", metric(8, dimensionless)],
	["Bd", metric(1, frequency)],
	["[pH]", unit(1, dimension({ "[pH]": 1 }))],
	["B", metric(1, dimension({ B: 1 }))],
	// Derived SI
	["sr", metric(1, dimension({ rad: 2 }))],
	["Hz", metric(1, frequency)],
	["Bq", metric(1, frequency)],
	["N", metric(1e3, force)],
	["Pa", metric(1e3, pressure)],
	["J", metric(1e3, energy)],
	["W", metric(1e3, power)],
	["A", metric(1, current)],
	["V", metric(1e3, potential)],
	["F", metric(1e-3, dimension({ m: -2, g: -1, s: 2, C: 2 }))],
	["Ohm", metric(1e3, dimension({ m: 2, g: 1, s: -1, C: -2 }))],
	["S", metric(1e-3, dimension({ m: -2, g: -1, s: 1, C: 2 }))],
	["Wb", metric(1e3, dimension({ m: 2, g: 1, s: -1, C: -1 }))],
	["T", metric(1e3, dimension({ g: 1, s: -1, C: -1 }))],
	["G", metric(0.1, dimension({ g: 1, s: -1, C: -1 }))],
	["H", metric(1e3, dimension({ m: 2, g: 1, C: -2 }))],
	["lm", metric(1, dimension({ cd: 1, rad: 2 }))],
	["lx", metric(1, dimension({ cd: 1, rad: 2, m: -2 }))],
	["Gy", metric(1, dimension({ m: 2, s: -2 }))],
	["Sv", metric(1, dimension({ m: 2, s: -2 }))],
	["Cel", { factor: 1, offset: 273.15, dimension: temperature, metric: true }],
	["[degF]", { factor: 5 / 9, offset: (459.67 * 5) / 9, dimension: temperature, metric: false }],
	["[degR]", unit(5 / 9, temperature)],
	// Beside SI
	["min", unit(60, time)],
	["h", unit(3600, time)],
	["d", unit(86_400, time)],
	["wk", unit(604_800, time)],
	["mo", unit(2_629_800, time)],
	["a", unit(31_557_600, time)],
	["l", metric(1e-3, volume)],
	["L", metric(1e-3, volume)],
	["ar", metric(100, area)],
	["t", metric(1e6, mass)],
	["u", metric(1.6605402e-24, mass)],
	["eV", metric(1.60217733e-16, energy)],
	["bar", metric(1e8, pressure)],
	["atm", unit(1.01325e8, pressure)],
	["m[H2O]", metric(9.80665e6, pressure)],
	["m[Hg]", metric(1.3332239e8, pressure)],
	["[in_i'H2O]", unit(9.80665e6 * inch, pressure)],
	["[in_i'Hg]", unit(1.3332239e8 * inch, pressure)],
	["att", unit(9.80665e7, pressure)],
	["deg", unit(Math.PI / 180, angle)],
	["gon", unit(Math.PI / 200, angle)],
	["'", unit(Math.PI / 10_800, angle)],
	["''", unit(Math.PI / 648_000, angle)],
	["circ", unit(2 * Math.PI, angle)],
	["[g]", metric(9.80665, dimension({ m: 1, s: -2 }))],
	["gf", metric(9.80665, force)],
	["dyn", metric(1e-2, force)],
	["erg", metric(1e-4, energy)],
	["P", metric(100, viscosity)],
	["St", metric(1e-4, dimension({ m: 2, s: -1 }))],
	["mho", metric(1e-3, dimension({ m: -2, g: -1, s: 1, C: 2 }))],
	["cal", metric(4184, energy)],
	["[HP]", unit(550 * 0.3048 * poundForce, power)],
	["[Btu]", unit(1_055_055.85262, energy)],
	["[car_Au]", unit(1 / 24, dimensionless)],
	// Inch and pound
	["[in_i]", unit(inch, length)],
	["[ft_i]", unit(0.3048, length)],
	["[yd_i]", unit(0.9144, length)],
	["[mi_i]", unit(1609.344, length)],
	["[mil_i]", unit(inch / 1000, length)],
	["[kn_i]", unit(1852 / 3600, dimension({ m: 1, s: -1 }))],
	["[sin_i]", unit(inch * inch, area)],
	["[sft_i]", unit(0.3048 ** 2, area)],
	["[cin_i]", unit(inch ** 3, volume)],
	["[cft_i]", unit(0.3048 ** 3, volume)],
	["[gal_us]", unit(231 * inch ** 3, volume)],
	["[qt_us]", unit((231 * inch ** 3) / 4, volume)],
	["[pt_us]", unit((231 * inch ** 3) / 8, volume)],
	["[foz_us]", unit((231 * inch ** 3) / 128, volume)],
	["[bbl_us]", unit(42 * 231 * inch ** 3, volume)],
	["[gal_br]", unit(4.54609e-3, volume)],
	["[lb_av]", unit(pound, mass)],
	["[oz_av]", unit(pound / 16, mass)],
	["[gr]", unit(0.06479891, mass)],
	["[ston_av]", unit(2000 * pound, mass)],
	["[lton_av]", unit(2240 * pound, mass)],
	["[lbf_av]", unit(poundForce, force)],
	["[psi]", unit(psi, pressure)],
]);

/** Case-sensitive prefixes. Source: UCUM table 1. */
export const prefixes: ReadonlyMap<string, number> = new Map([
	["Y", 1e24],
	["Z", 1e21],
	["E", 1e18],
	["P", 1e15],
	["T", 1e12],
	["G", 1e9],
	["M", 1e6],
	["k", 1e3],
	["h", 1e2],
	["da", 1e1],
	["d", 1e-1],
	["c", 1e-2],
	["m", 1e-3],
	["u", 1e-6],
	["n", 1e-9],
	["p", 1e-12],
	["f", 1e-15],
	["a", 1e-18],
	["z", 1e-21],
	["y", 1e-24],
	["Ki", 1024],
	["Mi", 1024 ** 2],
	["Gi", 1024 ** 3],
	["Ti", 1024 ** 4],
]);
