import { asMillwrightError, type Log } from "@millwright/core";
import type { TagFacts } from "./api.ts";

type Listener = (facts: readonly TagFacts[]) => void;

/** Facts of all tags by id and by name, and whoever wants to hear when they change. */
export function createFactBook({ log }: { log: Log }) {
	const byId = new Map<number, TagFacts>();
	const byName = new Map<string, TagFacts>();
	const listeners = new Set<Listener>();

	function tell(listener: Listener): void {
		try {
			listener([...byId.values()]);
		} catch (thrown) {
			log.error("A listener to tag facts failed", { reason: asMillwrightError(thrown).message });
		}
	}

	return {
		ofId: (id: number): TagFacts | undefined => byId.get(id),
		ofName: (name: string): TagFacts | undefined => byName.get(name),
		replace(all: Iterable<TagFacts>): void {
			byId.clear();
			byName.clear();
			for (const fact of all) {
				byId.set(fact.id, fact);
				byName.set(fact.tag, fact);
			}
			for (const listener of listeners) tell(listener);
		},
		onChange(listener: Listener): () => void {
			listeners.add(listener);
			if (byId.size > 0) tell(listener);
			return () => listeners.delete(listener);
		},
	};
}
export type FactBook = ReturnType<typeof createFactBook>;
