import {
	type Call,
	type DataClass,
	MillwrightError,
	maySee,
	msFromNanos,
	qualityName,
	type TagDirectory,
} from "@millwright/core";
import type { Config, ConfigEdit } from "@millwright/runtime";
import type { AssetTemplate, Condition, Twin, Words } from "./api.ts";
import type { Judgement } from "./conditions.ts";
import type { createCycle } from "./cycle.ts";
import type { LimitEventStore } from "./limit-events.ts";
import type { LimitWatch } from "./limits.ts";
import { type AssetModel, ownOf, type PlantModel } from "./model.ts";
import type { twinSection } from "./section.ts";
import type { State } from "./state.ts";
import { viewAsset } from "./views.ts";

const rank: Record<Condition, number> = { abnormal: 0, disconnected: 1, stale: 2, good: 3 };
const urgency = ({ condition, severity }: Judgement) => (severity === "critical" ? -1 : rank[condition]);

/** The operations of the contract over the running twin. */
export function createService({
	plant,
	state,
	limits,
	store,
	cycle,
	judgementOf,
	directory,
	config,
	section,
	classOf,
}: {
	plant: () => PlantModel;
	state: State;
	limits: LimitWatch;
	store: LimitEventStore;
	cycle: ReturnType<typeof createCycle>;
	judgementOf: (asset: AssetModel) => Judgement;
	directory: TagDirectory;
	config: Config;
	section: typeof twinSection;
	classOf: (id: number) => DataClass;
}): Twin {
	/** Without a call it is the process itself that asks. */
	const seesClass = (call: Call | undefined, dataClass: DataClass) => !call || maySee(call.principal, dataClass);
	const sees = (call: Call | undefined, id: number) => seesClass(call, classOf(id));
	const seesTag = (call: Call | undefined, tag: string) => sees(call, directory.idOf(tag) ?? 0);
	const assetOf = (path: string): AssetModel => {
		const asset = plant().assets.get(path);
		if (!asset)
			throw new MillwrightError("twin.asset-unknown", `There is no asset "${path}"`, {
				kind: "missing",
				hint: "List assets: millwright twin overview",
				place: path,
			});
		return asset;
	};
	const view = (asset: AssetModel, call: Call | undefined, overviewOnly = false) =>
		viewAsset(asset, judgementOf(asset), state, limits, { classOf, sees: (id) => sees(call, id), overviewOnly });
	const apply = (edits: ConfigEdit[], call: Call | undefined) =>
		config.apply(edits, { who: call?.principal.name ?? "Millwright", ...(call?.why === undefined ? {} : { why: call.why }) });

	return {
		async overview({ below }, call) {
			const assets = [...plant().assets.values()].filter(({ path }) => below === "" || path.startsWith(`${below}/`));
			const judged = assets.map((asset) => ({ asset, judgement: judgementOf(asset) }));
			judged.sort(
				(a, b) =>
					urgency(a.judgement) - urgency(b.judgement) ||
					a.asset.order - b.asset.order ||
					a.asset.path.localeCompare(b.asset.path),
			);
			const having = (condition: Condition) => judged.filter(({ judgement }) => judgement.condition === condition).length;
			return {
				places: placesOf(plant(), judged),
				assets: judged.map(({ asset }) => view(asset, call, true)),
				counts: {
					assets: assets.length,
					tags: assets.reduce((sum, { tags }) => sum + tags.filter(({ id }) => sees(call, id)).length, 0),
					abnormal: having("abnormal"),
					stale: having("stale"),
					disconnected: having("disconnected"),
				},
			};
		},
		state: async ({ asset }, call) => view(assetOf(asset), call),
		async values({ tags }, call) {
			return {
				values: tags
					.filter((tag) => seesTag(call, tag))
					.map((tag) => {
						const id = directory.idOf(tag) ?? 0;
						const time = state.time(id);
						return {
							tag,
							value: state.value(id),
							...(time === 0n ? {} : { at: msFromNanos(time) }),
							quality: qualityName(state.quality(id)),
						};
					}),
			};
		},
		async search({ words, limit }) {
			const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
			const found = [...plant().assets.values()].filter((asset) => {
				const text = `${asset.path} ${allWords(asset.title)} ${Object.values(asset.about).join(" ")}`.toLowerCase();
				return wanted.every((word) => text.includes(word));
			});
			return {
				assets: found.slice(0, limit).map((asset) => ({
					asset: asset.path,
					title: asset.title,
					symbol: asset.template.symbol,
					condition: judgementOf(asset).condition,
				})),
			};
		},
		async templates(_input, call) {
			const visible = ({ tags, ...about }: AssetTemplate): AssetTemplate => ({
				...about,
				tags: Object.fromEntries(Object.entries(tags).filter(([, tag]) => seesClass(call, tag.dataClass))),
			});
			const { templates } = plant().settings;
			return { templates: Object.fromEntries(Object.entries(templates).map(([name, one]) => [name, visible(one)])) };
		},
		async limitEvents(wanted, call) {
			const { events, total } = await store.list({ ...wanted, isHidden: (tag) => !seesTag(call, tag) });
			// An event still open has its worst value in memory only.
			return {
				events: events.map((event) =>
					limits.active(directory.idOf(event.tag) ?? 0)?.id === event.id
						? { ...event, ...limits.active(directory.idOf(event.tag) ?? 0) }
						: event,
				),
				total,
			};
		},
		async setLimits({ asset, name, limits: wanted }, call) {
			const model = assetOf(asset);
			const visible = model.tags.filter(({ id }) => sees(call, id)).map((tag) => tag.name);
			if (!visible.includes(name))
				throw new MillwrightError("twin.tag-unknown", `"${asset}" has no tag "${name}"`, {
					kind: "missing",
					hint: `Tags: ${visible.join(", ")}.`,
				});
			await apply([{ path: [section.name, "assets", asset, "limits", name], value: wanted === null ? undefined : wanted }], call);
			return view(assetOf(asset), call);
		},
		async addAssets({ assets, templates, places }, call) {
			const edits = Object.entries({ templates, places, assets }).flatMap(([part, entries]) =>
				Object.entries(entries).map(([name, value]): ConfigEdit => ({ path: [section.name, part, name], value })),
			);
			const { diff } = await apply(edits, call);
			return { diff };
		},
		async stages() {
			const { cycles, values, late } = cycle.figures();
			return { budgetMs: plant().settings.budgetMs, cycles, values, late, stages: cycle.stages() };
		},
	};
}

const allWords = (words: Words): string => (typeof words === "string" ? words : Object.values(words).join(" "));

/** Every place that holds assets and every place above it, with the counts below it. */
function placesOf(plant: PlantModel, judged: { asset: AssetModel; judgement: Judgement }[]) {
	const places = new Map<string, { assets: number; abnormal: number; disconnected: number }>();
	for (const { asset, judgement } of judged) {
		const levels = asset.place.split("/");
		for (let depth = 1; depth <= levels.length; depth++) {
			const path = levels.slice(0, depth).join("/");
			const count = places.get(path) ?? { assets: 0, abnormal: 0, disconnected: 0 };
			count.assets++;
			if (judgement.condition === "abnormal") count.abnormal++;
			if (judgement.condition === "disconnected") count.disconnected++;
			places.set(path, count);
		}
	}
	const isa95 = ["enterprise", "site", "area", "line", "cell"];
	return [...places]
		.map(([path, count]) => {
			const about = ownOf(plant.settings.places, path);
			const depth = path.split("/").length - 1;
			return {
				path,
				title: about?.title ?? path.slice(path.lastIndexOf("/") + 1),
				level: about?.level ?? isa95[Math.min(depth, 4)] ?? "cell",
				order: about?.order ?? 0,
				...count,
			};
		})
		.sort((a, b) => a.order - b.order || a.path.localeCompare(b.path));
}
