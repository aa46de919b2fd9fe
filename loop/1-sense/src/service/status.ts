import {
	type Call,
	type DataClass,
	MillwrightError,
	maySee,
	qualityName,
	type Service,
	systemPrincipal,
	type Value,
} from "@millwright/core";
import type { Ledger, Lineage, senseApi, TagStatus } from "../api.ts";
import type { Connection } from "../connection/connection.ts";
import type { TagState } from "../connection/tag-state.ts";
import { targetOf } from "../connection/target.ts";
import { describePipeline } from "../pipeline/describe.ts";
import { summarySuffixes } from "../pipeline/summary.ts";
import type { TagPlan } from "../settings/expand.ts";
import { maskSecrets } from "../settings/secrets.ts";
import { senseSection } from "../settings/section.ts";
import type { SenseParts } from "./parts.ts";

type Sense = Service<typeof senseApi>;
type Asked = "connections" | "connection" | "tags" | "lineage" | "ledger" | "maps";

const plain = (value: Value): number | string | null =>
	typeof value === "boolean" ? Number(value) : typeof value === "bigint" ? value.toString() : value;

const sees = (call: Call | undefined, { dataClass }: { dataClass: DataClass }): boolean =>
	maySee(call?.principal ?? systemPrincipal, dataClass);

/** Tags beyond the caller's clearance are not named, not even where they are configured. */
const seenOf = <T extends { dataClass: DataClass }>(
	tags: Readonly<Record<string, T>>,
	call: Call | undefined,
): Record<string, T> => Object.fromEntries(Object.entries(tags).filter(([, tag]) => sees(call, tag)));

export function connectionNamed(connections: ReadonlyMap<string, Connection>, name: string): Connection {
	const found = connections.get(name);
	if (found) return found;
	throw new MillwrightError("sense.connection-unknown", `There is no connection "${name}"`, {
		kind: "missing",
		hint: "List them: millwright sense connections",
	});
}

/** A tag by its full name; one that a summary adds leads to the tag it is made of. */
export function tagNamed(
	connections: ReadonlyMap<string, Connection>,
	name: string,
): { connection: Connection; plan: TagPlan; state: TagState | undefined } {
	const suffix = summarySuffixes.find((one) => name.endsWith(`.${one}`));
	for (const wanted of suffix ? [name, name.slice(0, -suffix.length - 1)] : [name])
		for (const connection of connections.values()) {
			const plan = connection.plans.find((one) => one.name === wanted);
			if (plan && (wanted === name || plan.settings.pipeline.pass.by === "summary"))
				return { connection, plan, state: connection.tags.find((tag) => tag.plan.name === wanted) };
		}
	throw tagUnknown(name);
}

/** Also for tags that the caller may not see: what one may not see does not exist. */
export const tagUnknown = (name: string): MillwrightError =>
	new MillwrightError("sense.tag-unknown", `No connection reads a tag "${name}"`, {
		kind: "missing",
		hint: "Search: millwright sense tags --search …",
	});

export function createStatus({ config, connections, ledger, ring }: SenseParts): Pick<Sense, Asked> {
	function tagStatus(connection: Connection, plan: TagPlan, state: TagState | undefined): TagStatus {
		const now = state?.pipeline.now;
		const known = now && now.quality >= 0;
		const reason = state?.problem ?? state?.reason ?? (known ? undefined : connection.reason);
		return {
			tag: plan.name,
			connection: connection.name,
			address: state?.description ?? JSON.stringify(plan.address),
			kind: plan.settings.kind,
			unit: plan.settings.unit,
			dataClass: plan.settings.dataClass,
			writable: plan.settings.writable,
			value: known ? now.value : null,
			...(known && Number.isFinite(now.ms) ? { at: Math.floor(now.ms) } : {}),
			quality: known ? qualityName(now.quality) : connection.settings.enabled ? "bad:not-connected" : "bad:out-of-service",
			...(reason === undefined ? {} : { reason }),
			ledger: {
				read: state?.tally.read ?? 0,
				filtered: state?.tally.filtered ?? 0,
				rejected: state?.tally.rejected ?? 0,
				sent: state?.tally.sent ?? 0,
			},
		};
	}

	return {
		async connections() {
			return { connections: [...connections.values()].map((one) => one.status(ledger.of(one.name))) };
		},
		async connection({ connection }, call) {
			const one = connectionNamed(connections, connection);
			const settings = { ...one.settings, tags: seenOf(one.settings.tags, call) };
			return { status: one.status(ledger.of(connection)), settings: maskSecrets(settings) as Record<string, unknown> };
		},
		async tags({ connection, search, limit, offset }, call) {
			const from = connection === undefined ? [...connections.values()] : [connectionNamed(connections, connection)];
			const words = (search ?? "").toLowerCase().split(/\s+/).filter(Boolean);
			const found = from.flatMap((one) =>
				one.plans
					.filter(({ name, settings }) => sees(call, settings) && words.every((word) => name.includes(word)))
					.map((plan) => ({ one, plan })),
			);
			const page = found.sort((a, b) => (a.plan.name < b.plan.name ? -1 : 1)).slice(offset, offset + limit);
			const states = new Map(from.flatMap((one) => one.tags.map((state) => [state.plan, state] as const)));
			return { tags: page.map(({ one, plan }) => tagStatus(one, plan, states.get(plan))), total: found.length };
		},
		async lineage({ tag }, call): Promise<Lineage> {
			const { connection, plan, state } = tagNamed(connections, tag);
			if (!sees(call, plan.settings)) throw tagUnknown(tag);
			const { settings } = connection;
			const now = state?.pipeline.now;
			return {
				tag,
				connection: connection.name,
				driver: settings.driver,
				target: targetOf(settings.settings),
				address: state?.description ?? JSON.stringify(plan.address),
				...(plan.map === undefined ? {} : { map: plan.map }),
				every: plan.settings.every ?? settings.every,
				stages: describePipeline(plan.settings.pipeline, plan.settings.kind, plan.settings.unit),
				...(now && now.quality >= 0 && Number.isFinite(now.ms)
					? {
							last: {
								raw: plain(now.raw),
								value: now.value,
								quality: qualityName(now.quality),
								at: Math.floor(now.ms),
								sequence: state.tally.sequence,
							},
						}
					: {}),
			};
		},
		async ledger() {
			const all: Record<string, Ledger> = {};
			const total: Ledger = {
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
			for (const name of ledger.connections()) {
				const one = ledger.of(name);
				all[name] = one;
				for (const key of Object.keys(total) as (keyof Ledger)[]) total[key] += one[key];
			}
			const { longestOutageMs, sinceMs } = ring.figures();
			return { total, connections: all, longestOutageMs, since: sinceMs };
		},
		async maps(_input, call) {
			const { maps } = config.get(senseSection);
			return {
				maps: Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, { ...map, tags: seenOf(map.tags, call) }])),
			};
		},
	};
}
