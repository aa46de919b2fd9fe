import { isTopic, type TagDirectory } from "@millwright/core";
import type { TagFacts } from "@millwright/sense/api";
import type { WireTag } from "./link-messages.ts";
import { knownConnection } from "./topics.ts";

/** In the map: the gateway's dictionary does not hold the id; the gateway may not own the tag. */
export const unknownTag = 0;
export const foreignTag = 0xffff_ffff;

/** Ids beyond this would cost memory for nothing; a directory of two million tags gives none. */
const highestId = 4_000_000;

export interface Refused {
	tag: string;
	reason: string;
}

/** A gateway's tag ids as ids of this process's directory, and what is known of each tag. */
export class TagMap {
	#ids = new Uint32Array(0);
	#facts = new Map<number, TagFacts>();
	#wire = new Map<number, WireTag>();
	refused: Refused[] = [];
	version = 0;

	/** By the gateway's id. One look-up a row, so read it once a batch. */
	get ids(): Uint32Array {
		return this.#ids;
	}

	get size(): number {
		return this.#facts.size;
	}

	facts(id: number): TagFacts | undefined {
		return this.#facts.get(id);
	}

	allFacts(): IterableIterator<TagFacts> {
		return this.#facts.values();
	}

	wire(): WireTag[] {
		return [...this.#wire.values()];
	}

	/** Takes a whole dictionary. What it lists without facts keeps those it had. */
	adopt(
		version: number,
		tags: readonly WireTag[],
		about: {
			gateway: string;
			paths: readonly string[];
			maxTags: number;
			directory: TagDirectory;
			/** Who else owns this tag; undefined for nobody. */
			ownerOf(tag: string): string | undefined;
		},
	): void {
		const { gateway, paths, directory } = about;
		const former = this.#wire;
		const wire = new Map<number, WireTag>();
		const refused = new Map<number, Refused>();
		const accepted: WireTag[] = [];
		const claimed = new Set<string>();
		for (const given of tags) {
			const before = former.get(given.id);
			const tag: WireTag =
				given.facts === undefined && before?.tag === given.tag && before.facts ? { ...given, facts: before.facts } : given;
			wire.set(tag.id, tag);
			const owner = about.ownerOf(tag.tag);
			const reason =
				tag.id > highestId
					? "its id is too high"
					: !isTopic(tag.tag)
						? "its name is no topic"
						: !paths.some((path) => tag.tag.startsWith(`${path}/`))
							? "it lies outside the places this gateway was admitted for"
							: owner !== undefined
								? `${owner} owns it`
								: claimed.has(tag.tag)
									? "it is listed twice"
									: accepted.length >= about.maxTags
										? `a gateway may own ${about.maxTags} tags`
										: undefined;
			if (reason !== undefined) refused.set(tag.id, { tag: tag.tag, reason });
			else {
				claimed.add(tag.tag);
				accepted.push(tag);
			}
		}
		const given = directory.assign(accepted.map(({ tag }) => tag));
		const highest = tags.reduce((high, { id }) => (id > highestId ? high : Math.max(high, id)), 0);
		const ids = new Uint32Array(highest + 1);
		const facts = new Map<number, TagFacts>();
		for (const id of refused.keys()) if (id <= highestId) ids[id] = foreignTag;
		for (const [at, { id: theirs, tag, facts: told }] of accepted.entries()) {
			const id = given[at] as number;
			ids[theirs] = id;
			facts.set(id, {
				tag,
				id,
				connection: knownConnection(gateway, told?.connection ?? "unknown"),
				unit: told?.unit ?? "1",
				kind: told?.kind ?? "number",
				// Nothing is known of it, so nobody may see it who may not see everything.
				dataClass: told?.dataClass ?? "restricted",
				device: told?.device ?? gateway,
				protocol: told?.protocol ?? "gateway",
				unitId: told?.unitId,
				range: told?.range && withoutUndefined(told.range),
				context: told?.context && withoutUndefined(told.context),
				staleAfterMs: told?.staleAfterMs ?? Number.POSITIVE_INFINITY,
			});
		}
		this.version = version;
		this.#ids = ids;
		this.#facts = facts;
		this.#wire = wire;
		this.refused = [...refused.values()];
	}
}

const withoutUndefined = <T extends object>(given: T): { [K in keyof T]: NonNullable<T[K]> } =>
	Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as { [K in keyof T]: NonNullable<T[K]> };
