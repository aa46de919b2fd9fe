import { qualityName } from "@millwright/core";
import { until } from "../kit/platform.ts";
import type { Factory } from "./factory.ts";

/** The qualities a tag has had since a moment, each told once: good, uncertain:stale, bad:not-connected, good … */
export async function qualityStory({ session }: Factory, tag: string, sinceMs: number): Promise<string[]> {
	const series = await session.history.raw({ tag, from: sinceMs, until: Date.now() + 60_000, limit: 1_000_000 });
	return series.quality.map((code) => qualityName(code)).filter((name, row, all) => name !== all[row - 1]);
}

/** Waits until the stored qualities end like this. */
export const storyEnds = (factory: Factory, tag: string, sinceMs: number, end: readonly string[]): Promise<string[]> =>
	until(
		() => qualityStory(factory, tag, sinceMs),
		(story) => end.every((name, i) => story[story.length - end.length + i] === name),
		{ what: `${tag} telling ${end.join(", ")}`, withinMs: 60_000 },
	);
