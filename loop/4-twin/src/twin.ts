import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import {
	asMillwrightError,
	type Bus,
	type Clock,
	type DataClass,
	type Log,
	Quality,
	type SampleBatch,
	type TagDirectory,
} from "@millwright/core";
import type { Config, Figure, Health, Part } from "@millwright/runtime";
import { samples } from "@millwright/sense/api";
import type { Kysely } from "kysely";
import { conditionChanged, derivedSamples, limitCleared, limitRaised, type Twin } from "./api.ts";
import { type Judgement, judge } from "./conditions.ts";
import { createCycle } from "./cycle.ts";
import { createLimitEventStore, type TwinTables } from "./limit-events.ts";
import { createLimitWatch } from "./limits.ts";
import { type AssetModel, buildPlant, checkSettings, type PlantModel } from "./model.ts";
import { twinSection } from "./section.ts";
import { createService } from "./service.ts";
import { createState } from "./state.ts";

/** Known of a tag from its template; for steps and screens that need its unit or class. */
export interface TwinTagFacts {
	unit: string;
	kind: "number" | "integer" | "boolean" | "text";
	dataClass: DataClass;
	derived: boolean;
	asset: string;
	range: [number, number] | undefined;
}

/** The newest value of a tag, as the live hub sends it. */
export interface Latest {
	/** ms since 1970 with µs in the fraction. */
	time: number;
	value: number | string | null;
	quality: number;
}

export interface TwinOptions {
	config: Config;
	directory: TagDirectory;
	bus: Bus;
	db: Kysely<TwinTables>;
	clock: Clock;
	log: Log;
	/** Undefined when the unit is fine, else what is wrong with it. */
	unitProblem: (unit: string) => string | undefined;
	/** The newest samples before now, to begin with what the history remembers. */
	/** The class of a tag with everything that is known of it; its template's when left out. */
	classOf?: (id: number) => DataClass;
	remembered?: (tags: readonly number[]) => Promise<Map<number, { time: bigint; value: number; quality: number; text?: string }>>;
}

/** A live model of the plant: templates and assets, the newest state of each, derived tags, static limits. */
export function createTwin({ config, directory, bus, db, clock, log, unitProblem, classOf, remembered }: TwinOptions): {
	service: Twin;
	part: Part;
	latest(id: number): Latest | undefined;
	facts(id: number): TwinTagFacts | undefined;
	factsByTag(tag: string): TwinTagFacts | undefined;
} {
	const state = createState();
	const judgements = new Map<AssetModel, Judgement>();
	const stops: (() => void)[] = [];
	let plant: PlantModel = { settings: config.get(twinSection), assets: new Map(), byId: [] };
	let storeFailure: string | undefined;

	const store = createLimitEventStore({
		db,
		failed(cause) {
			storeFailure = asMillwrightError(cause).message;
			log.error("Limit events could not be written", { reason: storeFailure });
		},
	});
	const limits = createLimitWatch({
		newId: () => `lim_${randomUUID()}`,
		raised(event) {
			store.put(event);
			bus.emit(limitRaised, event);
		},
		cleared(event) {
			store.put(event);
			bus.emit(limitCleared, event);
		},
	});
	const judgementOf = (asset: AssetModel): Judgement => {
		let judgement = judgements.get(asset);
		if (!judgement) {
			judgement = judge(asset, state, limits);
			judgements.set(asset, judgement);
		}
		return judgement;
	};
	function rejudge(touched: ReadonlySet<AssetModel>): void {
		for (const asset of touched) {
			const before = judgements.get(asset);
			const now = judge(asset, state, limits);
			judgements.set(asset, now);
			if (before && before.condition === now.condition && before.severity === now.severity) continue;
			bus.emit(conditionChanged, {
				asset: asset.path,
				condition: now.condition,
				...(now.severity ? { severity: now.severity } : {}),
				at: clock.nowMs(),
			});
		}
	}
	const cycle = createCycle({
		state,
		limits,
		wallMs: () => Number(clock.now()) / 1e6,
		budgetMs: () => plant.settings.budgetMs,
		publish(derived: SampleBatch | undefined, touched) {
			if (derived) bus.send(derivedSamples, derived);
			rejudge(touched);
		},
	});

	/** What no longer has the limit that raised it is over. */
	function dropOrphans(next: PlantModel): void {
		for (const id of limits.ids()) {
			const event = limits.active(id);
			const model = next.byId[id];
			const still = model?.limits && (!event || model.limits[event.level] === event.limit);
			if (!still) limits.forget(id, clock.now());
		}
	}
	function adopt(): void {
		const next = buildPlant(config.get(twinSection), directory);
		dropOrphans(next);
		plant = next;
		judgements.clear();
		const touched = new Set<AssetModel>();
		for (const asset of plant.assets.values()) {
			for (const tag of asset.tags) limits.compare(tag, state.number(tag.id), state.quality(tag.id), state.time(tag.id));
			touched.add(asset);
		}
		rejudge(touched);
	}
	async function remember(): Promise<void> {
		if (!remembered) return;
		const ids = plant.byId.flatMap((tag) => (tag ? [tag.id] : []));
		if (ids.length === 0) return;
		for (const [id, last] of await remembered(ids)) {
			if (state.time(id) >= last.time) continue;
			// Known from before the restart: shown with its age, never as live.
			const quality = last.quality < Quality.uncertain ? Quality.uncertainStale : last.quality;
			state.write(id, last.time, last.value, last.text, quality);
		}
	}

	const factsOf = (id: number | undefined): TwinTagFacts | undefined => {
		const tag = id === undefined ? undefined : plant.byId[id];
		return (
			tag && {
				unit: tag.template.unit,
				kind: tag.template.kind,
				dataClass: tag.template.dataClass,
				derived: tag.derived !== undefined,
				asset: tag.asset.path,
				range: tag.template.range,
			}
		);
	};

	const part: Part = {
		name: "twin",
		async start() {
			plant = buildPlant(config.get(twinSection), directory);
			for (const event of await store.active()) {
				const id = directory.idOf(event.tag);
				if (id !== undefined) limits.restore(id, event);
				else store.put({ ...event, clearedAt: clock.nowMs() });
			}
			dropOrphans(plant);
			stops.push(
				config.addCheck(twinSection, "twin", (next) => checkSettings(next, unitProblem)),
				config.onChange(twinSection, "twin", (next, previous) => {
					if (!isDeepStrictEqual(next, previous)) adopt();
				}),
				bus.receive(samples, "twin", (batch) => cycle.apply(batch, plant)),
			);
			// Live values do not wait for what the history remembers.
			remember().catch((cause: unknown) =>
				log.warn("The history could not tell the last values", { reason: asMillwrightError(cause).message }),
			);
		},
		async stop() {
			for (const stop of stops.splice(0)) stop();
			for (const event of limits.allActive()) store.put(event);
			await store.settled();
		},
		health: (): Health =>
			storeFailure
				? {
						state: "degraded",
						reason: `Limit events wait in memory: ${storeFailure}`,
						hint: "Check the free space of the data folder.",
					}
				: { state: "good" },
		figures(): Figure[] {
			const { cycles, values, late, unknown, overtaken } = cycle.figures();
			const counter = (name: string, help: string, value: number): Figure => ({
				name: `twin_${name}_total`,
				help,
				type: "counter",
				value,
			});
			return [
				counter("cycles", "Batches applied", cycles),
				counter("values", "Values applied", values),
				counter("late_cycles", "Cycles over the budget", late),
				counter("unknown_values", "Values of tags without an asset", unknown),
				counter("overtaken_values", "Values older than what the twin held", overtaken),
				{ name: "twin_active_limits", help: "Limits raised now", type: "gauge", value: limits.allActive().length },
				...cycle.stages().flatMap(({ stage, p99 }): Figure[] => [
					{
						name: "twin_stage_p99_ms",
						help: "99th percentile of a stage in the last minute",
						type: "gauge",
						value: p99,
						labels: { stage },
					},
				]),
			];
		},
	};

	return {
		service: createService({
			plant: () => plant,
			state,
			limits,
			store,
			cycle,
			judgementOf,
			directory,
			config,
			section: twinSection,
			classOf: classOf ?? ((id) => plant.byId[id]?.template.dataClass ?? "internal"),
		}),
		part,
		latest(id) {
			const time = state.time(id);
			return time === 0n ? undefined : { time: Number(time / 1000n) / 1000, value: state.value(id), quality: state.quality(id) };
		},
		facts: factsOf,
		factsByTag: (tag) => factsOf(directory.idOf(tag)),
	};
}
