const perDecade = 40;
const smallestMs = 0.001;
const buckets = perDecade * 9;

/** Durations of about the last minute in constant memory; quantiles are within 6 %. */
export function createLatency({
	nowMs = () => performance.now(),
	windowMs = 60_000,
}: {
	nowMs?: () => number;
	windowMs?: number;
} = {}) {
	let current = new Uint32Array(buckets);
	let former = new Uint32Array(buckets);
	let highest = 0;
	let formerHighest = 0;
	let turnedAt = nowMs();

	const turn = () => {
		const half = windowMs / 2;
		const age = nowMs() - turnedAt;
		if (age < half) return;
		[former, current] = [current, former];
		current.fill(0);
		formerHighest = highest;
		highest = 0;
		if (age >= windowMs) {
			former.fill(0);
			formerHighest = 0;
		}
		turnedAt += Math.floor(age / half) * half;
	};
	const bucketOf = (ms: number) =>
		Math.min(buckets - 1, Math.max(0, Math.floor(Math.log10(Math.max(ms, smallestMs) / smallestMs) * perDecade)));
	const count = () => {
		let sum = 0;
		for (let i = 0; i < buckets; i++) sum += (current[i] as number) + (former[i] as number);
		return sum;
	};

	return {
		/** ms; negative (a clock jumped) counts as 0. */
		add(ms: number, times = 1) {
			turn();
			const bucket = bucketOf(ms);
			current[bucket] = (current[bucket] as number) + times;
			if (ms > highest) highest = ms;
		},
		/** ms below which the share `q` of the durations lies; 0 when there were none. */
		quantile(q: number): number {
			turn();
			const wanted = q * count();
			if (wanted === 0) return 0;
			let seen = 0;
			for (let i = 0; i < buckets; i++) {
				seen += (current[i] as number) + (former[i] as number);
				if (seen >= wanted) return Math.min(smallestMs * 10 ** ((i + 0.5) / perDecade), Math.max(highest, formerHighest));
			}
			return Math.max(highest, formerHighest);
		},
		max(): number {
			turn();
			return Math.max(highest, formerHighest);
		},
		get count() {
			turn();
			return count();
		},
	};
}
export type Latency = ReturnType<typeof createLatency>;
