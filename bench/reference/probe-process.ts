import { connectAsync } from "mqtt";

/**
 * Publisher to subscriber through the plant's broker while it works: a message every few ms on a topic of its own, its send time
 * inside. An upper bound of what the broker adds, since this process's own event loop is in it twice.
 */
export interface ProbeOrder {
	port: number;
	username: string;
	password: string;
	topic: string;
	everyMs: number;
}
export interface ProbeResult {
	p50Ms: number;
	p99Ms: number;
	p999Ms: number;
	sent: number;
	received: number;
}

process.once("message", (order: ProbeOrder) => void run(order));
process.on("disconnect", () => process.exit(0));

async function run({ port, username, password, topic, everyMs }: ProbeOrder): Promise<void> {
	const way = { username, password, protocolVersion: 5 as const, reconnectPeriod: 0 };
	const listener = await connectAsync(`mqtt://127.0.0.1:${port}`, way);
	const sender = await connectAsync(`mqtt://127.0.0.1:${port}`, way);
	let delays: number[] = [];
	let received = 0;
	let sent = 0;
	listener.on("message", (_topic, payload) => {
		received++;
		delays.push(performance.now() - Number(payload.toString()));
	});
	await listener.subscribeAsync(topic, { qos: 0 });
	const timer = setInterval(() => {
		sent++;
		sender.publish(topic, String(performance.now()), { qos: 0 });
	}, everyMs);
	process.send?.("ready");
	process.on("message", (what) => {
		// What warmed up does not count.
		if (what === "reset") delays = [];
		else void end();
	});
	async function end(): Promise<void> {
		clearInterval(timer);
		await sender.endAsync();
		// What is under way arrives within the time of a slow message.
		setTimeout(() => {
			const sorted = delays.sort((a, b) => a - b);
			const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
			const result: ProbeResult = { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), sent, received };
			process.send?.(result, () => process.exit(0));
		}, 500);
	}
}
