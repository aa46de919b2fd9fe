import type { KindFacts, TagFact } from "./fact.ts";
import { kindFacts } from "./kinds.ts";
import { words } from "./words.ts";

const templateTag = (fact: TagFact): Record<string, unknown> => ({
	title: words(fact.title),
	unit: fact.unit ?? "1",
	...(fact.kind ? { kind: fact.kind } : {}),
	...(fact.range ? { range: [...fact.range] } : {}),
	...(fact.normal ? { normal: [...fact.normal] } : {}),
	...(fact.limits ? { limits: { ...fact.limits } } : {}),
	...(fact.decimals === undefined ? {} : { decimals: fact.decimals }),
	...(fact.states
		? { states: Object.fromEntries(Object.entries(fact.states).map(([value, title]) => [value, words(title)])) }
		: {}),
	...(fact.overview === undefined ? {} : { overview: fact.overview }),
	...(fact.dataClass ? { dataClass: fact.dataClass } : {}),
	...(fact.expression ? { expression: fact.expression } : {}),
});

/** The twin's templates, one a kind of machine. */
export const templates = (): Record<string, unknown> =>
	Object.fromEntries(
		(Object.values(kindFacts) as KindFacts[]).map((facts) => [
			facts.kind,
			{
				title: words(facts.title),
				symbol: facts.symbol,
				...(facts.state ? { state: facts.state } : {}),
				tags: Object.fromEntries(Object.entries(facts.tags).map(([name, fact]) => [name, templateTag(fact)])),
			},
		]),
	);
