import { isBad, isGood, Quality, type SampleBatch, SampleBatchBuilder } from "@millwright/core";
import { createLatency } from "@millwright/runtime";
import type { LimitWatch } from "./limits.ts";
import type { AssetModel, PlantModel, TagModel } from "./model.ts";
import { createPastStates } from "./past-states.ts";
import type { State } from "./state.ts";

/** Stages of the sources' update cycle that stand today; prediction and decision come between compare and publish. */
export const stageNames = ["wait", "ingest", "state", "derive", "compare", "publish", "cycle"] as const;
export type StageName = (typeof stageNames)[number];

/** One batch through the twin: ingest and validate, state, derived tags, compare with limits, publish. */
export function createCycle({
	state,
	limits,
	publish,
	wallMs,
	budgetMs,
}: {
	state: State;
	limits: LimitWatch;
	/** Derived samples, and the assets whose condition may have changed. */
	publish: (derived: SampleBatch | undefined, touched: ReadonlySet<AssetModel>) => void;
	wallMs: () => number;
	budgetMs: () => number;
}) {
	const stages = Object.fromEntries(stageNames.map((name) => [name, createLatency()])) as Record<
		StageName,
		ReturnType<typeof createLatency>
	>;
	const builder = new SampleBatchBuilder(256);
	/** Round in which a tag was last seen, so that a tag twice in a batch begins a new round. */
	let seen = new Uint32Array(1024);
	let round = 0;
	let [cycles, values, late, unknown, overtaken] = [0, 0, 0, 0, 0];
	const spent: Record<StageName, number> = { wait: 0, ingest: 0, state: 0, derive: 0, compare: 0, publish: 0, cycle: 0 };
	const operands: Record<string, number | string | boolean> = {};

	const past = createPastStates(state);

	/** What the tag is by its inputs in a state, the present or a past one; written there and into the batch of derived samples. */
	function derive(tag: TagModel, state: State): boolean {
		const { expression, inputs } = tag.derived as NonNullable<TagModel["derived"]>;
		let time = 0n;
		let quality: number = Quality.good;
		for (const { variable, tag: input } of inputs) {
			const inputQuality = state.quality(input.id);
			if (isBad(inputQuality)) quality = isBad(quality) ? quality : inputQuality;
			else if (!isGood(inputQuality) && isGood(quality)) quality = Quality.uncertainDerived;
			const inputTime = state.time(input.id);
			if (inputTime > time) time = inputTime;
			const value = state.value(input.id);
			operands[variable] = input.template.kind === "boolean" ? value === 1 : (value ?? Number.NaN);
		}
		if (time === 0n || time < state.time(tag.id)) return false;
		let value: number | string = Number.NaN;
		if (!isBad(quality)) {
			value = expression.evaluate(operands);
			if (typeof value === "number" && !Number.isFinite(value)) {
				value = Number.NaN;
				quality = Quality.bad;
			}
		}
		// A derived tag that stays lost is said once, not with every batch.
		if (isBad(quality) && state.quality(tag.id) === quality && state.time(tag.id) !== 0n) return false;
		const text = typeof value === "string" ? value : undefined;
		state.write(tag.id, time, typeof value === "number" ? value : Number.NaN, text, quality);
		builder.add(tag.id, time, text ?? (Number.isNaN(value as number) ? null : value), quality);
		return true;
	}

	function run(batch: SampleBatch, from: number, until: number, plant: PlantModel, touched: Set<AssetModel>): void {
		let at = performance.now();
		const lap = (stage: StageName) => {
			const now = performance.now();
			spent[stage] += now - at;
			at = now;
		};
		const fresh: TagModel[] = [];
		const late: TagModel[] = [];
		let then: State | undefined;
		for (let row = from; row < until; row++) {
			if (!state.apply(batch, row)) {
				overtaken++;
				const tag = plant.byId[batch.tags[row] as number];
				if (!tag || tag.feeds.length === 0) continue;
				then ??= past.of(batch);
				if (then.apply(batch, row)) late.push(tag);
				continue;
			}
			const tag = plant.byId[batch.tags[row] as number];
			if (tag) fresh.push(tag);
			else unknown++;
		}
		lap("state");
		// The past is derived as it was, and is no reason for a limit now.
		if (then) {
			const pastState = then;
			for (const tag of fedBy(late)) derive(tag, pastState);
		}
		for (const tag of fedBy(fresh)) if (derive(tag, state)) fresh.push(tag);
		lap("derive");
		for (const tag of fresh) {
			const quality = state.quality(tag.id);
			limits.compare(tag, state.number(tag.id), quality, state.time(tag.id));
			touched.add(tag.asset);
		}
		lap("compare");
	}

	return {
		apply(batch: SampleBatch, plant: PlantModel): void {
			const began = performance.now();
			if (!batch.historical && !Number.isNaN(batch.readAtMs)) stages.wait.add(wallMs() - batch.readAtMs);
			for (const stage of stageNames) spent[stage] = 0;
			const touched = new Set<AssetModel>();
			past.notice(batch);
			let from = 0;
			round++;
			for (let row = 0; row < batch.length; row++) {
				const id = batch.tags[row] as number;
				if (id >= seen.length) {
					const wider = new Uint32Array(Math.max(id + 1, seen.length * 2));
					wider.set(seen);
					seen = wider;
				}
				if (seen[id] === round) {
					run(batch, from, row, plant, touched);
					from = row;
					round++;
				}
				seen[id] = round;
			}
			spent.ingest = performance.now() - began - spent.state - spent.derive - spent.compare;
			run(batch, from, batch.length, plant, touched);
			past.forget(batch);
			const beforePublish = performance.now();
			const derived =
				builder.length > 0
					? builder.take({
							connection: `twin:${batch.connection}`,
							first: batch.first,
							last: batch.last,
							historical: batch.historical,
							readAtMs: batch.readAtMs,
						})
					: undefined;
			publish(derived, touched);
			const done = performance.now();
			spent.publish = done - beforePublish;
			for (const stage of ["ingest", "state", "derive", "compare", "publish"] as const) stages[stage].add(spent[stage]);
			// The cycle of the sources begins when the value was read.
			const whole =
				batch.historical || Number.isNaN(batch.readAtMs) ? done - began : Math.max(done - began, wallMs() - batch.readAtMs);
			stages.cycle.add(whole);
			if (whole > budgetMs()) late++;
			cycles++;
			values += batch.length;
		},
		stages: () =>
			stageNames.map((stage) => ({
				stage,
				p50: stages[stage].quantile(0.5),
				p99: stages[stage].quantile(0.99),
				max: stages[stage].max(),
			})),
		figures: () => ({ cycles, values, late, unknown, overtaken }),
	};
}

/** What is computed from these, inputs first. Ranks count within an asset; assets do not read each other, so their order does not matter. */
function fedBy(tags: readonly TagModel[]): TagModel[] {
	const due = new Set<TagModel>();
	for (const tag of tags) for (const fed of tag.feeds) due.add(fed);
	return [...due].sort((a, b) => a.rank - b.rank);
}
