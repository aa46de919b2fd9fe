import { type Call, type DataClass, MillwrightError, maySee, systemPrincipal, type TagDirectory } from "@millwright/core";
import { closest } from "@millwright/runtime";

/** Names to ids, for somebody who may see them. */
export function createTags({ directory, dataClassOf }: { directory: TagDirectory; dataClassOf(tag: string): DataClass }) {
	const principalOf = (call?: Call) => call?.principal ?? systemPrincipal;

	/** Tags of the same asset, or of the same name elsewhere; a few hundred at most, so that a wrong name costs little. */
	const neighbours = (name: string, call?: Call): string[] => {
		const cut = name.lastIndexOf("/");
		const asset = name.slice(0, cut + 1);
		const tag = name.slice(cut);
		const found: string[] = [];
		const other: string[] = [];
		for (let id = 1; id <= Math.min(directory.size, 100_000) && found.length < 300; id++) {
			const candidate = directory.nameOf(id);
			if (!maySee(principalOf(call), dataClassOf(candidate))) continue;
			if ((cut > 0 && candidate.startsWith(asset)) || candidate.endsWith(tag)) found.push(candidate);
			else if (other.length < 300) other.push(candidate);
		}
		return found.length > 0 ? found : other;
	};

	const idOf = (name: string, call?: Call): number => {
		const id = directory.idOf(name);
		if (id === undefined) {
			const near = closest(name, neighbours(name, call));
			throw new MillwrightError("history.tag-unknown", `No tag "${name}"`, {
				kind: "missing",
				hint: near
					? `Did you mean "${near}"?`
					: "A tag's name is its asset's path and its own name: plant/line-1/press/temperature.",
				place: name,
			});
		}
		if (!maySee(principalOf(call), dataClassOf(name)))
			throw new MillwrightError("history.tag-denied", `You may not see "${name}"`, {
				kind: "denied",
				hint: `It is ${dataClassOf(name)}; ask an administrator for a role that may see it.`,
				place: name,
			});
		return id;
	};

	/** Every tag below an asset path that one may see, by name; what one may not see is not there. */
	const below = (path: string, call?: Call): { name: string; id: number }[] => {
		const prefix = path === "" ? "" : `${path}/`;
		const found: { name: string; id: number }[] = [];
		for (let id = 1; id <= directory.size; id++) {
			const name = directory.nameOf(id);
			if (name.startsWith(prefix) && maySee(principalOf(call), dataClassOf(name))) found.push({ name, id });
		}
		return found.sort((a, b) => (a.name < b.name ? -1 : 1));
	};

	return {
		idOf,
		below,
		/** Each once, in the order asked for. */
		idsOf: (names: readonly string[], call?: Call): { name: string; id: number }[] =>
			[...new Set(names)].map((name) => ({ name, id: idOf(name, call) })),
	};
}
export type Tags = ReturnType<typeof createTags>;
