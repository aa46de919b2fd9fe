import { type DataClass, msFromNanos, qualityName } from "@millwright/core";
import type { AssetState, TagState, Words } from "./api.ts";
import type { Judgement } from "./conditions.ts";
import type { LimitWatch } from "./limits.ts";
import type { AssetModel, TagModel } from "./model.ts";
import type { State } from "./state.ts";

const only = <K extends string, V>(key: K, value: V | undefined) =>
	value === undefined ? {} : ({ [key]: value } as Record<K, V>);
const msOf = (time: bigint) => (time === 0n ? undefined : msFromNanos(time));

export function viewTag(tag: TagModel, state: State, limits: LimitWatch, dataClass: DataClass): TagState {
	const { template } = tag;
	return {
		name: tag.name,
		tag: tag.tag,
		title: template.title ?? tag.name,
		unit: template.unit,
		kind: template.kind,
		value: state.value(tag.id),
		...only("at", msOf(state.time(tag.id))),
		...only("lastGoodAt", msOf(state.lastGood(tag.id))),
		quality: qualityName(state.quality(tag.id)),
		...only("limit", limits.active(tag.id)?.level),
		...only("limits", tag.limits),
		...only("range", template.range),
		...only("normal", template.normal),
		...only("decimals", template.decimals),
		...only("states", template.states),
		...only("overview", template.overview),
		...only("derived", template.expression),
		dataClass,
	};
}

/** An asset as somebody sees it: tags beyond their clearance are left out, and so is the state that such a tag tells. */
export function viewAsset(
	asset: AssetModel,
	judgement: Judgement,
	state: State,
	limits: LimitWatch,
	{
		classOf,
		sees,
		overviewOnly = false,
	}: { classOf: (id: number) => DataClass; sees: (id: number) => boolean; overviewOnly?: boolean },
): AssetState {
	const visible = asset.tags.filter((tag) => sees(tag.id));
	let lastGood = 0n;
	for (const tag of visible) if (state.lastGood(tag.id) > lastGood) lastGood = state.lastGood(tag.id);
	const shown = overviewOnly
		? visible
				.filter((tag) => tag.template.overview !== undefined || limits.active(tag.id))
				.sort((a, b) => (a.template.overview ?? 99) - (b.template.overview ?? 99))
		: visible;
	return {
		asset: asset.path,
		title: asset.title,
		template: asset.templateName,
		symbol: asset.template.symbol,
		place: asset.place,
		about: asset.about,
		condition: judgement.condition,
		...only("severity", judgement.severity),
		...only("state", stateWords(visible, asset.template.state, state)),
		...only("lastGoodAt", msOf(lastGood)),
		tags: shown.map((tag) => viewTag(tag, state, limits, classOf(tag.id))),
	};
}

function stateWords(tags: readonly TagModel[], name: string | undefined, state: State): Words | undefined {
	const tag = tags.find((one) => one.name === name);
	const value = tag && state.value(tag.id);
	return value === null || value === undefined ? undefined : (tag?.template.states?.[String(value)] ?? String(value));
}
