import { type DataClass, maySee, type Principal, type TagDirectory } from "@millwright/core";
import type { TagFacts } from "@millwright/sense/api";

interface FromSense {
	facts(id: number): TagFacts | undefined;
}
interface FromTwin {
	facts(
		id: number,
	):
		| { unit: string; kind: TagFacts["kind"]; dataClass: DataClass; asset: string; range: [number, number] | undefined }
		| undefined;
}

const strictness: Record<DataClass, number> = { public: 0, internal: 1, confidential: 2, restricted: 3 };

/** What is known of a tag from its connection and its template together: the template's unit and range, the stricter data class. */
export function createTagFacts({ sense, twin, directory }: { sense: FromSense; twin: FromTwin; directory: TagDirectory }) {
	const classOf = (id: number): DataClass => {
		const classes = [sense.facts(id)?.dataClass, twin.facts(id)?.dataClass].filter((one) => one !== undefined);
		return classes.sort((a, b) => strictness[b] - strictness[a])[0] ?? "internal";
	};
	const idOf = (tag: string) => directory.idOf(tag) ?? 0;
	return {
		classOf,
		classOfTag: (tag: string): DataClass => classOf(idOf(tag)),
		unitOfTag: (tag: string): string => twin.facts(idOf(tag))?.unit ?? sense.facts(idOf(tag))?.unit ?? "1",
		/** An event about a tag is as confidential as the tag; others are internal. */
		classOfEvent(about: unknown): DataClass {
			const tag = typeof about === "object" && about !== null && "tag" in about ? about.tag : undefined;
			return typeof tag === "string" ? classOf(idOf(tag)) : "internal";
		},
		maySeeTag: (principal: Principal, id: number): boolean => maySee(principal, classOf(id)),
		/** For the namespace's payload: derived tags have no connection, so they name the twin as their source. */
		facts(id: number): TagFacts | undefined {
			const measured = sense.facts(id);
			if (measured) return measured;
			const derived = twin.facts(id);
			if (!derived) return undefined;
			const [min, max] = derived.range ?? [];
			return {
				tag: directory.nameOf(id),
				id,
				connection: "twin",
				unit: derived.unit,
				kind: derived.kind,
				dataClass: derived.dataClass,
				device: `twin:${derived.asset}`,
				protocol: "derived",
				unitId: undefined,
				range: derived.range ? { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) } : undefined,
				context: undefined,
				staleAfterMs: Number.POSITIVE_INFINITY,
			};
		},
	};
}
export type TagFactsOfAll = ReturnType<typeof createTagFacts>;
