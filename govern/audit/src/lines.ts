import { createReadStream } from "node:fs";

export interface Line {
	/** Offset of its first byte. */
	place: number;
	/** Without the newline. */
	bytes: Buffer;
	/** Ended by a newline; only the last line may not be. */
	isWhole: boolean;
}

/** An entry has at most some 70 kB; what is longer is no line of ours and is handed out in pieces. */
export const longestLine = 1_048_576;

/** The lines of [from, until) in order, some 16 kB at a time so that others get their turn. */
export async function* linesOf(
	file: string,
	{ from = 0, until = Number.POSITIVE_INFINITY }: { from?: number; until?: number } = {},
): AsyncGenerator<Line> {
	if (until <= from) return;
	const stream = createReadStream(file, { start: from, end: until - 1, highWaterMark: 16_384 });
	let rest: Buffer[] = [];
	let restLength = 0;
	let place = from;
	const take = (isWhole: boolean): Line => {
		const bytes = rest.length === 1 ? (rest[0] as Buffer) : Buffer.concat(rest);
		const line = { place, bytes, isWhole };
		place += bytes.length + (isWhole ? 1 : 0);
		rest = [];
		restLength = 0;
		return line;
	};
	for await (const chunk of stream as AsyncIterable<Buffer>) {
		let begin = 0;
		for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, begin)) {
			rest.push(chunk.subarray(begin, end));
			begin = end + 1;
			yield take(true);
		}
		if (begin < chunk.length) {
			rest.push(chunk.subarray(begin));
			restLength += chunk.length - begin;
		}
		if (restLength > longestLine) yield take(false);
	}
	if (restLength > 0) yield take(false);
}
