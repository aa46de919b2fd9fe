import { createFrameCounter } from "./frame-counter.ts";
import { idAfterTopic, publishFrame } from "./frames.ts";
import { openClient, openClients, subscribe } from "./load-client.ts";

export interface LatencyTask {
	port: number;
	connections: number;
	/** Messages a second over all connections. */
	rate: number;
	bytes: number;
	seconds: number;
	/** A second subscriber on everything that never reads. */
	frozen: boolean;
}

export interface Latency {
	sent: number;
	received: number;
	p50Ms: number;
	p99Ms: number;
	p999Ms: number;
	maxMs: number;
}

const warmUpSeconds = 3;
/** Enough that the frozen one's socket and queue are full before anything is measured. */
const floodBytes = 24_000_000;

/**
 * Steady publishing, a few messages a millisecond, each on its own connection. A message carries the generator's clock at the
 * moment before its write; the same process reads it back, so one clock measures both ends.
 */
export async function measureLatency(task: LatencyTask): Promise<Latency> {
	const reader = await openClient(task.port, "healthy");
	await subscribe(reader, "bench/#", 0);
	const [writers, flooder] = [await openClients(task.port, "paced", task.connections), await openClient(task.port, "flooder")];

	const expected = Math.ceil(task.rate * task.seconds);
	const latencies = new Float64Array(expected + task.rate);
	let received = 0;
	let measuring = false;
	const took = createFrameCounter(64, (bytes, start, body) => {
		if (((bytes[start] as number) & 0xf0) !== 0x30) return;
		const now = performance.now();
		const sentAt = bytes.readDoubleBE(idAfterTopic(bytes, body));
		if (measuring && sentAt >= measuredFrom && sentAt <= now && received < latencies.length) latencies[received++] = now - sentAt;
	});
	let measuredFrom = 0;
	reader.on("data", (chunk) => took(chunk as Buffer));

	if (task.frozen) {
		const frozen = await openClient(task.port, "frozen");
		await subscribe(frozen, "bench/#", 0);
		frozen.pause();
		const frame = publishFrame({ topic: "bench/flood", bytes: 1000, qos: 0 }, 0);
		for (let bytes = 0; bytes < floodBytes; bytes += frame.length)
			if (!flooder.write(frame)) await new Promise((resolve) => flooder.once("drain", resolve));
		await pause(1000);
	}

	const frames = writers.map((_, index) =>
		publishFrame({ topic: `bench/line-${String(index).padStart(4, "0")}/temperature`, bytes: task.bytes, qos: 0 }, 0),
	);
	const payloadAt = (frames[0]?.length ?? 0) - task.bytes;
	let sent = 0;
	let counted = 0;
	const beganAt = performance.now();
	const measureAt = beganAt + warmUpSeconds * 1000;
	const endAt = measureAt + task.seconds * 1000;
	await new Promise<void>((resolve) => {
		const timer = setInterval(() => {
			const now = performance.now();
			if (now >= endAt) {
				clearInterval(timer);
				resolve();
				return;
			}
			if (!measuring && now >= measureAt) {
				measuring = true;
				measuredFrom = now;
			}
			const due = Math.floor(((now - beganAt) * task.rate) / 1000);
			while (sent < due) {
				const at = sent++ % writers.length;
				const frame = frames[at] as Buffer;
				frame.writeDoubleBE(performance.now(), payloadAt);
				writers[at]?.write(frame);
				if (measuring) counted++;
			}
		}, 1);
	});
	for (let waited = 0; received < counted && waited < 3000; waited += 10) await pause(10);
	const sorted = latencies.subarray(0, received).sort();
	const at = (share: number): number => sorted[Math.min(received - 1, Math.floor(received * share))] ?? Number.NaN;
	return { sent: counted, received, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), maxMs: at(1) };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
