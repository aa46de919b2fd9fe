/** How often something happened in about the last minute, in constant memory. */
export function createRolling(nowMs: () => number, windowMs = 60_000) {
	const slots = 12;
	const width = windowMs / slots;
	const sums = new Float64Array(slots);
	const begunAt = nowMs();
	let current = Math.floor(begunAt / width);
	const turn = (): void => {
		const now = Math.floor(nowMs() / width);
		for (let slot = Math.max(current + 1, now - slots + 1); slot <= now; slot++) sums[slot % slots] = 0;
		current = Math.max(current, now);
	};
	return {
		add(count = 1): void {
			turn();
			sums[current % slots] = (sums[current % slots] as number) + count;
		},
		sum(): number {
			turn();
			return sums.reduce((total, one) => total + one, 0);
		},
		perSecond(): number {
			const seconds = Math.min(windowMs - width / 2, Math.max(1000, nowMs() - begunAt)) / 1000;
			return this.sum() / seconds;
		},
	};
}
export type Rolling = ReturnType<typeof createRolling>;
