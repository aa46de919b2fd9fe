import { MillwrightError, msFromNanos, qualityName, type SeriesEngine } from "@millwright/core";
import type { History } from "./api.ts";
import { msColumn, rangeFrom } from "./ranges.ts";
import type { Tags } from "./tags.ts";

/** The plant as it was: what every tag said at a moment, and everything that happened in the order it happened. */
export function createMoments({
	engine,
	tags,
	unitOf,
}: {
	engine: SeriesEngine;
	tags: Tags;
	unitOf(tag: string): string;
}): Pick<History, "at" | "replay"> {
	return {
		async at({ tags: names, path, time, limit }, call) {
			const { from } = rangeFrom({ from: time, until: time + 1 });
			const asked = [...tags.idsOf(names, call), ...(path === undefined ? [] : tags.below(path, call))];
			const shown = asked.slice(0, limit);
			// "before" leaves the moment itself out; a sample at that moment counts.
			const held = await engine.before({ tags: shown.map(({ id }) => id), time: from + 1n, signal: call?.signal });
			return {
				tags: shown.flatMap(({ name, id }) => {
					const sample = held.get(id);
					if (!sample) return [];
					return [
						{
							tag: name,
							unit: unitOf(name),
							value: sample.text ?? (Number.isFinite(sample.value) ? sample.value : null),
							quality: qualityName(sample.quality),
							at: msFromNanos(sample.time),
						},
					];
				}),
				total: asked.length,
			};
		},

		async replay({ tags: names, from, until, limit, after }, call) {
			const asked = tags.idsOf(names, call);
			const index = new Map(asked.map(({ id }, at) => [id, at]));
			if (after !== undefined && !/^[\x20-\x7e]*$/.test(after))
				throw new MillwrightError("history.place-invalid", "This is no place to go on from", {
					kind: "input",
					hint: "Pass `next` of the page before, unchanged.",
					place: "after",
				});
			const { rows, next } = await engine.inOrder({
				tags: asked.map(({ id }) => id),
				range: rangeFrom({ from, until }),
				limit,
				...(after === undefined ? {} : { after }),
				signal: call?.signal,
			});
			return {
				tag: Array.from(rows.tags, (id) => index.get(id) as number),
				times: msColumn(rows.times),
				values: Array.from(rows.values, (value, row) => rows.texts?.get(row) ?? (Number.isFinite(value) ? value : null)),
				quality: Array.from(rows.quality),
				...(next === undefined ? {} : { next }),
			};
		},
	};
}
