import type { Figure } from "@millwright/runtime";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export interface Metrics {
	contentType: string;
	text(): Promise<string>;
	answered(operation: string, status: number, seconds: number): void;
}

/** Process figures, calls by operation, and what the parts count, in the Prometheus text format. */
export function createMetrics({ figures }: { figures: () => readonly Figure[] }): Metrics {
	const lasting = new Registry();
	collectDefaultMetrics({ register: lasting });
	const calls = new Histogram({
		name: "millwright_http_call_seconds",
		help: "Time to answer a call, by operation and class of status",
		labelNames: ["operation", "status"],
		buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
		registers: [lasting],
	});
	return {
		contentType: lasting.contentType,
		answered: (operation, status, seconds) => calls.observe({ operation, status: `${Math.floor(status / 100)}xx` }, seconds),
		text: async () => `${await lasting.metrics()}\n${await asked(figures()).metrics()}`,
	};
}

/** Parts keep their own numbers; they are laid out anew for each reader. */
function asked(figures: readonly Figure[]): Registry {
	const registry = new Registry();
	const byName = new Map<string, Figure[]>();
	for (const figure of figures) byName.set(figure.name, [...(byName.get(figure.name) ?? []), figure]);
	for (const [short, same] of byName) {
		const [{ help, type }] = same as [Figure];
		const name = `millwright_${short}`;
		const labelNames = [...new Set(same.flatMap(({ labels }) => Object.keys(labels ?? {})))];
		const about = { name, help, labelNames, registers: [registry] };
		if (type === "counter") {
			const counter = new Counter(about);
			for (const { labels = {}, value } of same) if (value >= 0 && Number.isFinite(value)) counter.inc(labels, value);
		} else {
			const gauge = new Gauge(about);
			for (const { labels = {}, value } of same) gauge.set(labels, value);
		}
	}
	return registry;
}
