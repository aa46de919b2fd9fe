import type { AssetState, twinApi } from "@millwright/twin/api";
import type * as z from "zod";

export type Plant = z.output<(typeof twinApi)["overview"]["output"]>;
type PlaceFacts = Plant["places"][number];

export interface PlaceGroup {
	path: string;
	place: PlaceFacts | undefined;
	/** The way down to it, for a quiet line above the title. */
	above: PlaceFacts[];
	assets: AssetState[];
}

const urgency = (asset: AssetState): number =>
	asset.severity === "critical"
		? 0
		: asset.severity === "high"
			? 1
			: asset.condition === "disconnected"
				? 2
				: asset.condition === "stale"
					? 3
					: 4;

const worstOf = (group: PlaceGroup): number => Math.min(4, ...group.assets.map(urgency));

/**
 * Assets under the place they stand in, places in their own order. A place with something critical comes first, then one with
 * something high;
 * within a place the order stays, so that people find a machine where it was yesterday.
 */
export function groupByPlace({ places, assets }: Plant): PlaceGroup[] {
	const known = new Map(places.map((place) => [place.path, place]));
	const position = new Map(places.map((place, index) => [place.path, index]));
	const groups = new Map<string, PlaceGroup>();
	for (const asset of assets) {
		let group = groups.get(asset.place);
		if (!group) {
			const levels = asset.place.split("/");
			const above = levels
				.slice(0, -1)
				.map((_, index) => known.get(levels.slice(0, index + 1).join("/")))
				.filter((place): place is PlaceFacts => place !== undefined);
			group = { path: asset.place, place: known.get(asset.place), above, assets: [] };
			groups.set(asset.place, group);
		}
		group.assets.push(asset);
	}
	const order = (group: PlaceGroup): number => position.get(group.path) ?? places.length;
	return [...groups.values()].sort((a, b) => {
		const limits = Math.min(2, worstOf(a)) - Math.min(2, worstOf(b));
		return limits || order(a) - order(b) || a.path.localeCompare(b.path);
	});
}
