import type { SampleBatch } from "@millwright/core";

/** Rows of one connection that travel together through the process; neighbours share the price of a batch. */
const mostRows = 8192;

const isNext = (before: SampleBatch, batch: SampleBatch): boolean =>
	batch.connection === before.connection &&
	batch.first === before.last + 1 &&
	batch.historical === before.historical &&
	batch.length === batch.last - batch.first + 1 &&
	before.length === before.last - before.first + 1;

/**
 * Gathers what arrives in one turn of the event loop and hands it on after the sockets' events: a listener of the broker
 * must not publish itself, and batches that follow each other become one.
 */
export function createHandOn({
	send,
	later = setImmediate,
}: {
	send(batch: SampleBatch): void;
	later?: (run: () => void) => unknown;
}) {
	const open = new Map<string, SampleBatch[]>();
	let waiting = 0;
	let isDue = false;

	function run(): void {
		isDue = false;
		const runs = [...open.values()];
		open.clear();
		waiting = 0;
		for (const batches of runs) {
			let from = 0;
			let rows = 0;
			for (let at = 0; at < batches.length; at++) {
				const batch = batches[at] as SampleBatch;
				const before = batches[at - 1];
				if (at > from && before !== undefined && (!isNext(before, batch) || rows + batch.length > mostRows)) {
					send(joined(batches.slice(from, at)));
					from = at;
					rows = 0;
				}
				rows += batch.length;
			}
			send(joined(batches.slice(from)));
		}
	}

	return {
		add(batch: SampleBatch): void {
			const batches = open.get(batch.connection);
			if (batches) batches.push(batch);
			else open.set(batch.connection, [batch]);
			waiting += batch.length;
			if (isDue) return;
			isDue = true;
			later(run);
		},
		get waitingRows(): number {
			return waiting;
		},
		flush(): void {
			if (waiting > 0 || open.size > 0) run();
		},
	};
}

function joined(batches: readonly SampleBatch[]): SampleBatch {
	const only = batches[0] as SampleBatch;
	if (batches.length === 1) return only;
	const length = batches.reduce((sum, batch) => sum + batch.length, 0);
	const whole = {
		tags: new Uint32Array(length),
		times: new BigInt64Array(length),
		values: new Float64Array(length),
		quality: new Uint8Array(length),
	};
	const texts = new Map<number, string>();
	let readAtMs = Number.NaN;
	let at = 0;
	for (const batch of batches) {
		whole.tags.set(batch.tags, at);
		whole.times.set(batch.times, at);
		whole.values.set(batch.values, at);
		whole.quality.set(batch.quality, at);
		for (const [row, text] of batch.texts) texts.set(at + row, text);
		// The oldest, so that no latency is made to look better than it was.
		if (!(readAtMs <= batch.readAtMs)) readAtMs = Number.isNaN(batch.readAtMs) ? readAtMs : batch.readAtMs;
		at += batch.length;
	}
	return { ...only, ...whole, texts, length, readAtMs, last: (batches.at(-1) as SampleBatch).last };
}
