/** "3.1 GB", "12 MB", "800 kB". */
export function size(bytes: number): string {
	for (const [unit, of] of [
		["GB", 1e9],
		["MB", 1e6],
		["kB", 1e3],
	] as const)
		if (bytes >= of) return `${(bytes / of).toFixed(bytes / of < 10 ? 1 : 0)} ${unit}`;
	return `${bytes} bytes`;
}

/** By the clock and zone of whoever reads it, with the difference to UTC. */
export function moment(ms: number): string {
	const off = -new Date(ms).getTimezoneOffset();
	const sign = off < 0 ? "-" : "+";
	const two = (n: number) => String(Math.floor(Math.abs(n))).padStart(2, "0");
	return `${new Date(ms + off * 60_000).toISOString().slice(0, 19).replace("T", " ")} (UTC${sign}${two(off / 60)}:${two(off % 60)})`;
}

/** In a file or a pipe nothing is written over: a line now and then. */
const plainEveryMs = 5000;

/** What is under way, on one line that is written over at a terminal. */
export function createLine({ stream = process.stderr }: { stream?: NodeJS.WriteStream } = {}) {
	let shown = "";
	let saidAt = Number.NEGATIVE_INFINITY;
	return {
		say(text: string): void {
			if (text === shown) return;
			shown = text;
			if (stream.isTTY) stream.write(`\r\u001b[2K${text}`);
			else if (performance.now() - saidAt > plainEveryMs) {
				saidAt = performance.now();
				stream.write(`${text}\n`);
			}
		},
		end(): void {
			if (shown !== "" && stream.isTTY) stream.write("\r\u001b[2K");
			shown = "";
		},
	};
}
