/** First-order lag: where `value` is after `seconds` on its way to `target`; stable for every step length. */
export const relax = (value: number, target: number, seconds: number, timeConstant: number): number =>
	target + (value - target) * Math.exp(-seconds / timeConstant);

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** Moves towards the target by no more than `step`. */
export const ramp = (value: number, target: number, step: number): number => value + clamp(target - value, -step, step);
