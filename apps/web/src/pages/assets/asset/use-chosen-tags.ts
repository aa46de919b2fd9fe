import type { AssetState } from "@millwright/twin/api";
import { useNavigate, useSearch } from "@tanstack/react-router";

const firstShown = 4;

export interface ChosenTags {
	tags: string[];
	has(tag: string): boolean;
	toggle(tag: string): void;
	add(tag: string): void;
}

/** Which tags the charts show, own and others'; in the address, so that a link shows the same. */
export function useChosenTags(asset: AssetState | undefined): ChosenTags {
	const { tags: asked } = useSearch({ strict: false });
	const navigate = useNavigate();
	const usual = (asset?.tags ?? [])
		.filter((tag) => tag.limit || tag.overview !== undefined)
		.sort((a, b) => Number(!a.limit) - Number(!b.limit) || (a.overview ?? 99) - (b.overview ?? 99))
		.filter((tag) => tag.kind !== "text")
		.slice(0, firstShown)
		.map((tag) => tag.tag);
	const fallback =
		usual.length > 0
			? usual
			: (asset?.tags ?? [])
					.filter((tag) => tag.kind !== "text")
					.slice(0, firstShown)
					.map((tag) => tag.tag);
	const tags = asked ?? fallback;
	const set = (next: string[]): void =>
		void navigate({
			to: ".",
			search: (search: Record<string, unknown>) => ({ ...search, tags: next }) as never,
			replace: true,
			resetScroll: false,
		});
	return {
		tags,
		has: (tag) => tags.includes(tag),
		toggle: (tag) => set(tags.includes(tag) ? tags.filter((each) => each !== tag) : [...tags, tag].slice(-12)),
		add: (tag) => set([...tags.filter((each) => each !== tag), tag].slice(-12)),
	};
}
