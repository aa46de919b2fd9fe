let lastSecond: bigint | undefined;
let lastText = "";

/** As core's `isoFromNanos` with at least three fraction digits, several times faster while the second stays the same. */
export function isoText(time: bigint): string {
	let second = time / 1_000_000_000n;
	let rest = Number(time % 1_000_000_000n);
	if (rest < 0) {
		rest += 1_000_000_000;
		second -= 1n;
	}
	if (second !== lastSecond) {
		lastText = new Date(Number(second) * 1000).toISOString().slice(0, 20);
		lastSecond = second;
	}
	if (rest % 1_000_000 === 0) return `${lastText}${String(rest / 1_000_000).padStart(3, "0")}Z`;
	let digits = 9;
	while (rest % 10 === 0) {
		rest /= 10;
		digits--;
	}
	return `${lastText}${String(rest).padStart(digits, "0")}Z`;
}
