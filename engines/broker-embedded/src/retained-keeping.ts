import type { Message } from "./message.ts";
import type { TopicEntry } from "./routes.ts";
import type { Journal } from "./store/journal.ts";

/** What retained topics tell the journal: at once where it was promised, otherwise once in a while with its newest value. */
export class RetainedKeeping {
	readonly #journal: Journal;
	readonly #soon = new Set<TopicEntry>();

	constructor(journal: Journal) {
		this.#journal = journal;
	}

	/** The topic retains something else now. */
	changed(entry: TopicEntry): void {
		const message = entry.retained;
		if (message?.keep === "now" && this.#journal.refusal === undefined) this.#keep(entry, message);
		else if (message !== undefined && message.keep !== "no") this.#soon.add(entry);
		else if (entry.kept !== undefined) this.#clear(entry);
	}

	/** As the journal remembered it. */
	restored(entry: TopicEntry, message: Message): void {
		this.#journal.reuse(message);
		entry.kept = message;
	}

	flush(): void {
		if (this.#journal.refusal !== undefined) return;
		for (const entry of this.#soon) {
			const message = entry.retained;
			if (message === undefined || message.keep === "no") {
				if (entry.kept !== undefined) this.#clear(entry);
			} else if (message !== entry.kept) this.#keep(entry, message);
		}
		this.#soon.clear();
	}

	#keep(entry: TopicEntry, message: Message): void {
		this.#soon.delete(entry);
		const number = this.#journal.use(message);
		this.#journal.say.retained(number);
		if (entry.kept !== undefined) this.#journal.letGo(entry.kept);
		entry.kept = message;
	}

	#clear(entry: TopicEntry): void {
		this.#soon.delete(entry);
		this.#journal.say.cleared(entry.topic);
		this.#journal.letGo(entry.kept as Message);
		entry.kept = undefined;
	}
}
