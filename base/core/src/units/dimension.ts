/** Exponents of the base quantities, in this order. pH and bel have no ratio to anything else and stand for themselves. */
export const baseQuantities = ["m", "s", "g", "rad", "K", "C", "cd", "[pH]", "B"] as const;
export type Dimension = readonly number[];

export const dimensionless: Dimension = baseQuantities.map(() => 0);

export const dimension = (exponents: Partial<Record<(typeof baseQuantities)[number], number>>): Dimension =>
	baseQuantities.map((quantity) => exponents[quantity] ?? 0);

export const sameDimension = (a: Dimension, b: Dimension): boolean => a.every((exponent, i) => exponent === b[i]);

export const combine = (a: Dimension, b: Dimension, sign: 1 | -1): Dimension =>
	a.map((exponent, i) => exponent + sign * (b[i] as number));

export const raise = (a: Dimension, power: number): Dimension => a.map((exponent) => exponent * power);
