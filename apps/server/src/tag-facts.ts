import { type DataClass, maySee, type Principal, type TagDirectory, tagOfTopic } from "@millwright/core";
import { isLinkTopic } from "@millwright/namespace";
import type { TagFacts } from "@millwright/sense/api";
import { strictness, type TagClasses } from "./tag-classes.ts";

interface FromSense {
	facts(id: number): TagFacts | undefined;
}
interface FromTwin {
	facts(id: number):
		| {
				unit: string;
				kind: TagFacts["kind"];
				dataClass: DataClass;
				derived: boolean;
				asset: string;
				range: [number, number] | undefined;
		  }
		| undefined;
}

const stricter = (a: DataClass | undefined, b: DataClass | undefined): DataClass | undefined =>
	a === undefined || (b !== undefined && strictness[b] > strictness[a]) ? b : a;

/**
 * What is known of a tag from its connection and its template together: the template's unit and range, the stricter data
 * class. Of one that has left the configuration, the class it had.
 */
export function createTagFacts({
	sense,
	twin,
	gateways,
	classes,
	directory,
	root,
}: {
	sense: FromSense;
	twin: FromTwin;
	gateways: FromSense;
	classes: Pick<TagClasses, "last">;
	directory: TagDirectory;
	/** Of the namespace's topics. */
	root: () => string;
}) {
	/** Of a connection of this process or of a gateway. */
	const measuredOf = (id: number): TagFacts | undefined => sense.facts(id) ?? gateways.facts(id);
	const classOf = (id: number): DataClass =>
		stricter(
			measuredOf(id)?.dataClass ?? classes.last("connection", id),
			twin.facts(id)?.dataClass ?? classes.last("template", id),
		) ?? "internal";
	const idOf = (tag: string) => directory.idOf(tag) ?? 0;
	const classOfTag = (tag: string): DataClass => classOf(idOf(tag));

	/** A tag's topic is as confidential as the tag, and so is what was refused on it. */
	function classOfTopic(topic: string): DataClass {
		// What travels between gateways and here is for nobody else.
		if (isLinkTopic(topic)) return "restricted";
		const letters = `${root()}-dead-letter/`;
		const tag = tagOfTopic(topic.startsWith(letters) ? topic.slice(letters.length) : topic, root());
		return tag === undefined ? "internal" : classOfTag(tag);
	}

	return {
		classOf,
		classOfTag,
		classOfTopic,
		unitOfTag: (tag: string): string => twin.facts(idOf(tag))?.unit ?? measuredOf(idOf(tag))?.unit ?? "1",
		/** An event about a tag or a topic is as confidential as the tag; others are internal. */
		classOfEvent(about: unknown): DataClass {
			if (typeof about !== "object" || about === null) return "internal";
			if ("tag" in about && typeof about.tag === "string") return classOfTag(about.tag);
			if ("topic" in about && typeof about.topic === "string") return classOfTopic(about.topic);
			return "internal";
		},
		maySeeTag: (principal: Principal, id: number): boolean => maySee(principal, classOf(id)),
		/**
		 * For the namespace: derived tags have no connection, so they name the twin as their source. What a template expects and no
		 * connection measures is for clients of MQTT to publish.
		 */
		facts(id: number): TagFacts | undefined {
			const measured = measuredOf(id);
			if (measured) return measured;
			const modelled = twin.facts(id);
			if (!modelled) return undefined;
			const [min, max] = modelled.range ?? [];
			return {
				tag: directory.nameOf(id),
				id,
				connection: modelled.derived ? "twin" : "mqtt",
				unit: modelled.unit,
				kind: modelled.kind,
				dataClass: modelled.dataClass,
				device: modelled.derived ? `twin:${modelled.asset}` : modelled.asset,
				protocol: modelled.derived ? "derived" : "mqtt",
				unitId: undefined,
				range: modelled.range ? { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) } : undefined,
				context: undefined,
				staleAfterMs: Number.POSITIVE_INFINITY,
			};
		},
	};
}
