import type { Figure, Health } from "@millwright/runtime";
import type { Connection } from "./connection/connection.ts";
import type { LedgerBook } from "./ledger.ts";
import type { Ring } from "./ring/ring.ts";

/** The disk comes first: without it no connection is worth anything. */
export function healthOf(ring: Ring, connections: ReadonlyMap<string, Connection>): Health {
	const ringHealth = ring.health();
	if (ringHealth.state !== "good") return ringHealth;
	const down = [...connections.values()].filter(({ settings, state }) => settings.enabled && state !== "connected");
	const [first] = down;
	if (!first) return { state: "good" };
	return {
		state: "degraded",
		reason:
			down.length === 1
				? `${first.name}: ${first.reason ?? first.state}`
				: `${down.length} connections are not connected, ${first.name} among them`,
		hint: "Look at Connections.",
	};
}

export function figuresOf(ring: Ring, ledger: LedgerBook, connections: ReadonlyMap<string, Connection>): Figure[] {
	const figure =
		(type: Figure["type"]) =>
		(name: string, help: string, value: number, labels?: Record<string, string>): Figure => ({
			name,
			help,
			type,
			value,
			...(labels ? { labels } : {}),
		});
	const gauge = figure("gauge");
	const counter = figure("counter");
	const { bytes, rows, waitingRows, commits, lastCommitMs } = ring.figures();
	return [
		gauge("sense_ring_bytes", "Bytes of batches kept in the ring", bytes),
		gauge("sense_ring_rows", "Samples kept in the ring", rows),
		gauge("sense_ring_waiting_rows", "Samples not yet durable", waitingRows),
		counter("sense_ring_commits_total", "Commits of the ring since start", commits),
		gauge("sense_ring_commit_ms", "Duration of the last commit", lastCommitMs),
		...ledger.connections().flatMap((connection): Figure[] => {
			const { read, made, filtered, rejected, sent, buffered, expired } = ledger.of(connection);
			const labels = { connection };
			return [
				counter("sense_values_read_total", "Values the driver gave", read, labels),
				counter("sense_values_made_total", "Rows the platform made itself", made, labels),
				counter("sense_values_filtered_total", "Values left out by the pipeline", filtered, labels),
				counter("sense_values_rejected_total", "Values refused", rejected, labels),
				counter("sense_values_sent_total", "Samples numbered and durable", sent, labels),
				gauge("sense_values_buffered", "Samples not yet acknowledged", buffered, labels),
				counter("sense_values_expired_total", "Samples lost, and said so", expired, labels),
			];
		}),
		...[...connections.values()].map(({ name, state }) =>
			gauge("sense_connection_up", "1 when connected", state === "connected" ? 1 : 0, { connection: name }),
		),
	];
}
