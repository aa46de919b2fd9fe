import { type Clock, MillwrightError, SequenceSet, type Service, type TagDirectory } from "@millwright/core";
import type { ConnectionStatus, Ledger } from "@millwright/sense/api";
import type { GatewayConnection, GatewaySummary, gatewayOperations } from "../api-gateways.ts";
import type { Asking } from "./asking.ts";
import type { GatewayLine } from "./gateway-line.ts";
import type { GatewaysOptions } from "./gateways.ts";
import type { IntakeLane } from "./intake-lane.ts";
import { countOf, without } from "./number-ranges.ts";
import type { Admitted, Registry } from "./registry.ts";

export type GatewayService = Service<typeof gatewayOperations>;

const nothing: Ledger = {
	read: 0,
	made: 0,
	filtered: 0,
	rejected: 0,
	buffered: 0,
	sent: 0,
	received: 0,
	stored: 0,
	duplicate: 0,
	expired: 0,
};
const shownGaps = 20;

const lanesOf = (line: GatewayLine): IntakeLane[] => [...line.lanes.values()].filter(({ isEmpty }) => !isEmpty);

const lineIsDown = "The gateway's line is down";

export function createGatewayService({
	registry,
	lines,
	asking,
	clock,
	history,
	directory,
	admitted,
	forget,
}: {
	registry: Registry;
	lines: ReadonlyMap<string, GatewayLine>;
	asking: Asking;
	clock: Clock;
	history: GatewaysOptions["history"];
	directory: TagDirectory;
	admitted(gateway: string): void;
	forget(gateway: string): void;
}) {
	const rates = new Map<string, { atMs: number; received: number; perSecond: number }>();

	function rateOf(line: GatewayLine): number {
		const nowMs = clock.monotonicMs();
		const before = rates.get(line.gateway);
		if (before && nowMs - before.atMs < 1000) return before.perSecond;
		const perSecond = before ? ((line.received - before.received) * 1000) / (nowMs - before.atMs) : 0;
		rates.set(line.gateway, { atMs: nowMs, received: line.received, perSecond });
		return perSecond;
	}

	/** A summary stands for the samples of the connection it is made of. */
	const saidOf = (line: GatewayLine, { connection }: IntakeLane) => line.state?.connections[connection.replace(/^summary:/, "")];

	/** What the gateway says it did, and what arrived and is stored here. */
	function ledgerOf(line: GatewayLine, lane: IntakeLane): Ledger {
		const said = saidOf(line, lane)?.ledger ?? nothing;
		const stored = Math.max(0, history.stored(lane.known) - said.expired);
		const sent = Math.max(said.sent, stored);
		return {
			...said,
			rejected: said.rejected + lane.foreign,
			sent,
			received: lane.received,
			stored,
			duplicate: lane.duplicate + history.duplicate(lane.known),
			buffered: Math.max(0, sent - stored - said.expired),
		};
	}

	function connectionOf(line: GatewayLine, lane: IntakeLane): GatewayConnection {
		const said = saidOf(line, lane);
		const owed = (said?.owed ?? []).map(([first, last]) => ({ first, last }));
		const isSummary = lane.connection.startsWith("summary:") || said?.mode === "summary";
		// Lost here together with an older state of the data; told until it is back.
		const lost = (said?.lost ?? []).map(([first, last]) => ({ first, last }));
		const missing = new SequenceSet([
			...(isSummary ? [] : lane.missing(owed, said?.through ?? -1)),
			...without(lost, lane.storedRanges()),
		]).ranges();
		return {
			connection: lane.connection,
			known: lane.known,
			mode: lane.connection.startsWith("summary:") ? "summary" : (said?.mode ?? "raw"),
			priority: said?.priority ?? 5,
			through: said?.through ?? lane.storedRanges().at(-1)?.last ?? -1,
			storedThrough: lane.storedThrough,
			missing: countOf(missing),
			gaps: missing.slice(0, shownGaps),
			backlogRows: said?.backlogRows ?? 0,
			ledger: ledgerOf(line, lane),
		};
	}

	function summaryOf(one: Admitted): GatewaySummary {
		const line = lines.get(one.gateway);
		const state = line?.state;
		const waiting = Object.values(state?.connections ?? {}).reduce((sum, { backlogRows }) => sum + backlogRows, 0);
		const offsetMs = line?.clock.offsetMs;
		return {
			gateway: one.gateway,
			title: one.title,
			paths: one.paths,
			state:
				one.revokedAt !== undefined
					? "revoked"
					: line?.lastSeenAt === undefined
						? "never-seen"
						: line.isConnected
							? "connected"
							: "away",
			...(one.revokedAt === undefined && line?.lastSeenAt !== undefined && !line.isConnected ? { reason: lineIsDown } : {}),
			admittedAt: one.admittedAt,
			...(line?.lastSeenAt === undefined ? {} : { lastSeenAt: line.lastSeenAt }),
			...(state ? { version: state.version } : {}),
			keys: one.keys.map(({ key, madeAt, until }) => ({
				key,
				madeAt,
				...(until === undefined ? {} : { until: Math.round(until) }),
			})),
			tags: line?.tags.size ?? 0,
			refusedTags: line?.tags.refused.length ?? 0,
			...(offsetMs === undefined ? {} : { offsetMs }),
			...(line?.clock.roundTripMs === undefined ? {} : { roundTripMs: line.clock.roundTripMs }),
			skewed: line?.isSkewed ?? false,
			backlogRows: Math.round(waiting),
			backlogBytes: Math.round(state?.backlogBytes ?? 0),
			...(state?.oldestAt === undefined ? {} : { oldestAt: Math.round(state.oldestAt) }),
			bytesPerSecond: state?.bytesPerSecond ?? 0,
			budget: state?.budget ?? null,
			valuesPerSecond: line ? rateOf(line) : 0,
			refusals: line
				? { ...line.refusals }
				: { malformed: 0, forged: 0, replayed: 0, unknownTags: 0, foreignTags: 0, duplicate: 0, overflow: 0 },
			connections: line ? lanesOf(line).map((lane) => connectionOf(line, lane)) : [],
		};
	}

	/** Which of a gateway's connections tags come from. */
	function connectionsOf(gateway: string, tags: readonly string[]): string[] {
		const line = lines.get(gateway);
		const found = new Set<string>();
		for (const tag of tags) {
			const id = directory.idOf(tag);
			const facts = id === undefined ? undefined : line?.tags.facts(id);
			if (!facts)
				throw new MillwrightError("namespace.gateway-tag-unknown", `"${gateway}" has no tag "${tag}"`, {
					kind: "missing",
					hint: "Search: millwright namespace search --words …",
					place: tag,
				});
			found.add(facts.connection.slice(gateway.length + 1));
		}
		return [...found];
	}

	const service: GatewayService = {
		async gateways() {
			return { gateways: registry.all().map(summaryOf) };
		},
		async gateway({ gateway }) {
			const one = registry.known(gateway);
			return {
				gateway: summaryOf(one),
				refused: (lines.get(gateway)?.tags.refused ?? []).slice(0, 1000),
				asked: asking.of(gateway),
			};
		},
		async admitGateway(about) {
			const { key, keyId } = await registry.admit({ ...about, title: about.title || about.gateway });
			admitted(about.gateway);
			return { gateway: about.gateway, key, keyId };
		},
		async rotateGatewayKey({ gateway, oldKeyForMinutes }) {
			const { key, keyId } = await registry.rotate(gateway, oldKeyForMinutes * 60_000);
			return { gateway, key, keyId };
		},
		async revokeGateway({ gateway }) {
			await registry.revoke(gateway);
			forget(gateway);
			return { gateway };
		},
		async askRaw({ gateway, connection, tags, from, until }) {
			registry.known(gateway);
			const connections = connection === undefined ? connectionsOf(gateway, tags ?? []) : [connection];
			return asking.ask(gateway, { connections, from, until });
		},
	};

	return {
		service,
		ledgers: (): Record<string, Ledger> =>
			Object.fromEntries(
				[...lines.values()].flatMap((line) => lanesOf(line).map((lane) => [lane.known, ledgerOf(line, lane)] as const)),
			),
		statuses: (): ConnectionStatus[] =>
			[...lines.values()].flatMap((line) =>
				lanesOf(line).map((lane): ConnectionStatus => {
					const tags = [...line.tags.allFacts()].filter(({ connection }) => connection === lane.known).length;
					return {
						connection: lane.known,
						title: `${registry.find(line.gateway)?.title ?? line.gateway} · ${lane.connection}`,
						driver: "gateway",
						target: line.gateway,
						state: line.isConnected ? "connected" : "waiting",
						...(line.isConnected ? {} : { reason: lineIsDown, hint: "What it reads waits in it." }),
						since: line.lastSeenAt ?? 0,
						...(line.lastSeenAt === undefined ? {} : { lastGoodAt: line.lastSeenAt }),
						tags,
						good: line.isConnected ? tags : 0,
						stale: line.isConnected ? 0 : tags,
						bad: 0,
						requestsPerSecond: 0,
						valuesPerSecond: 0,
						latency: { of: "nothing", p50: 0, p99: 0 },
						failures: 0,
						reconnects: 0,
						lateShare: 0,
						ledger: ledgerOf(line, lane),
					};
				}),
			),
	};
}
