import { open, readFile, rename } from "node:fs/promises";
import type { BrokerConversation, Clock, Log } from "@millwright/core";
import { ClientTalk } from "./client-talk.ts";

/** Clients remembered; who was silent longest is forgotten first. */
const mostClients = 10_000;
/** Lines written before the others have their turn. */
const linesAtOnce = 100;

/** Who publishes and subscribes to what, kept over connections and, where there is a file, over restarts. */
export class Conversations {
	readonly #clock: Clock;
	readonly #log: Log;
	/** In the order they were last connected. */
	readonly #talks = new Map<string, ClientTalk>();
	#writing = Promise.resolve();

	constructor({ clock, log }: { clock: Clock; log: Log }) {
		this.#clock = clock;
		this.#log = log;
	}

	of(clientId: string, principal: string): ClientTalk {
		const key = `${principal}\n${clientId}`;
		const talk = this.#talks.get(key) ?? new ClientTalk(clientId, principal, () => this.#clock.nowMs());
		this.#talks.delete(key);
		this.#talks.set(key, talk);
		if (this.#talks.size > mostClients)
			for (const [oldest, { connected }] of this.#talks)
				if (!connected && oldest !== key) {
					this.#talks.delete(oldest);
					break;
				}
		return talk;
	}

	list(): BrokerConversation[] {
		return [...this.#talks.values()].map((talk) => talk.describe());
	}

	/** One client a line; what cannot be read is begun anew, for nothing depends on it but a picture. */
	async load(file: string): Promise<void> {
		let text: string;
		try {
			text = await readFile(file, "utf8");
		} catch {
			return;
		}
		for (const line of text.split("\n")) {
			if (line === "" || this.#talks.size >= mostClients) continue;
			try {
				const before = JSON.parse(line) as BrokerConversation;
				const talk = new ClientTalk(before.client, before.principal, () => this.#clock.nowMs());
				talk.restore(before);
				this.#talks.set(`${before.principal}\n${before.client}`, talk);
			} catch {
				this.#log.warn("A line of what MQTT clients talked about could not be read", { file });
			}
		}
	}

	/** Whole or not at all. */
	save(file: string): Promise<void> {
		this.#writing = this.#writing
			.then(() => this.#write(file))
			.catch((error: unknown) => this.#log.warn("What MQTT clients talk about could not be kept", { error: String(error) }));
		return this.#writing;
	}

	/** As of now, into a file elsewhere. */
	copyTo(file: string): Promise<void> {
		const copied = this.#writing.then(() => this.#write(file));
		this.#writing = copied.catch(() => {});
		return copied;
	}

	async #write(file: string): Promise<void> {
		const handle = await open(`${file}.new`, "w", 0o600);
		try {
			const talks = [...this.#talks.values()];
			for (let at = 0; at < talks.length; at += linesAtOnce) {
				const lines = talks.slice(at, at + linesAtOnce).map((talk) => `${JSON.stringify(talk.describe())}\n`);
				await handle.write(lines.join(""));
			}
			await handle.sync();
		} finally {
			await handle.close();
		}
		await rename(`${file}.new`, file);
	}
}
