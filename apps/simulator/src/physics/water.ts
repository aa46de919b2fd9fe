/** m/s² */
export const gravity = 9.80665;

/** Vapour pressure of water, bar absolute, 1 … 150 °C. Source: Antoine equation, constants of Dortmund Data Bank. */
export function vapourPressure(celsius: number): number {
	const [a, b, c] = celsius <= 100 ? [8.07131, 1730.63, 233.426] : [8.14019, 1810.94, 244.485];
	return (10 ** (a - b / (c + celsius)) * 133.322) / 1e5;
}

/** Density of water, kg/m³, 0 … 150 °C. Source: quadratic fit to IAPWS-95 at saturation, within 0.15 %. */
export const waterDensity = (celsius: number): number => 1001.6 - 0.085 * celsius - 0.00337 * celsius * celsius;

/** bar to metres of liquid. */
export const headOf = (bar: number, density: number): number => (bar * 1e5) / (density * gravity);

/** Metres of liquid to bar. */
export const pressureOf = (metres: number, density: number): number => (metres * density * gravity) / 1e5;
