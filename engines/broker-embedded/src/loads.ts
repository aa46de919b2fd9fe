import type { SystemFigures } from "./figures.ts";

const windows = [1, 5, 15] as const;

const counted: readonly [topic: string, of: (figures: SystemFigures) => number][] = [
	["messages/received", (figures) => figures.packetsReceived],
	["messages/sent", (figures) => figures.packetsSent],
	["publish/received", (figures) => figures.received],
	["publish/sent", (figures) => figures.sent],
	["publish/dropped", (figures) => figures.dropped],
	["bytes/received", (figures) => figures.bytesReceived],
	["bytes/sent", (figures) => figures.bytesSent],
	["connections", (figures) => figures.connections],
	["sockets", (figures) => figures.connections + figures.refusedConnections],
];

/** Averages a minute over the last 1, 5 and 15 minutes, fading as a system's load average does. */
export class Loads {
	readonly #before = new Map<string, number>();
	readonly #averages = new Map<string, number>();
	#at: number | undefined;

	/** Under `$SYS/broker/load/`. `nowMs` is monotonic. */
	update(figures: SystemFigures, nowMs: number): [topic: string, value: string][] {
		const minutes = this.#at === undefined ? 0 : (nowMs - this.#at) / 60_000;
		const topics: [string, string][] = [];
		for (const [topic, of] of counted) {
			const now = of(figures);
			const rate = minutes > 0 ? (now - (this.#before.get(topic) ?? 0)) / minutes : 0;
			this.#before.set(topic, now);
			for (const window of windows) {
				const name = `load/${topic}/${window}min`;
				const old = this.#averages.get(name) ?? 0;
				const next = rate + (old - rate) * Math.exp(-minutes / window);
				this.#averages.set(name, next);
				topics.push([name, next.toFixed(2)]);
			}
		}
		this.#at = nowMs;
		return topics;
	}
}
