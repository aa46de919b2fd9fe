import type { Figure, Health } from "@millwright/runtime";
import type { Connection } from "./connection/connection.ts";
import type { LedgerBook } from "./ledger.ts";
import type { Ring } from "./ring/ring.ts";

interface Sources {
	ring: Ring;
	connections: ReadonlyMap<string, Connection>;
}

const ageOf = (ms: number | undefined): string => (ms === undefined ? "ever" : `for ${Math.round(ms / 1000)} s`);

/** Why a connection is not good: a socket is not enough, values must come. */
function troubleOf({ settings, state, reason, plans, hasGood, lastGoodAgeMs }: Connection): string | undefined {
	if (!settings.enabled) return undefined;
	if (state !== "connected")
		return lastGoodAgeMs === undefined ? (reason ?? state) : `${reason ?? state}; no good value ${ageOf(lastGoodAgeMs)}`;
	return plans.length > 0 && !hasGood ? `connected, but no good value ${ageOf(lastGoodAgeMs)}` : undefined;
}

/** The disk comes first: without it no connection is worth anything. Then: where do good values come from? */
export function healthOf({ ring, connections }: Sources): Health {
	const ringHealth = ring.health();
	if (ringHealth.state !== "good") return ringHealth;
	const troubles = [...connections.values()].flatMap((one) => {
		const trouble = troubleOf(one);
		return trouble === undefined ? [] : [`${one.name}: ${trouble}`];
	});
	const [first] = troubles;
	if (first === undefined) return { state: "good" };
	return {
		state: "degraded",
		reason: troubles.length === 1 ? first : `${troubles.length} connections give no good values. ${first}`,
		hint: "Look at Connections.",
	};
}

export function figuresOf({
	ring,
	ledger,
	connections,
	clockJumps,
}: Sources & { ledger: LedgerBook; clockJumps: number }): Figure[] {
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
		counter("sense_clock_jumps_total", "Times the clock of this machine was set since start", clockJumps),
		...[...connections.values()].flatMap(({ name, state, lastGoodAgeMs }) => [
			gauge("sense_connection_up", "1 when connected", state === "connected" ? 1 : 0, { connection: name }),
			...(lastGoodAgeMs === undefined
				? []
				: [
						gauge("sense_connection_last_good_age_ms", "Since any tag last had a good value", lastGoodAgeMs, {
							connection: name,
						}),
					]),
		]),
	];
}
