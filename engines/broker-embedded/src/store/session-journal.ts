import type { Queued } from "../outgoing.ts";
import type { Session, Subscription } from "../session.ts";
import type { Journal } from "./journal.ts";

/** What one session has to say to the journal. */
export class SessionJournal {
	readonly #journal: Journal;
	readonly #number: number;
	#order: number;

	/** `order` is the highest already used. */
	constructor(journal: Journal, number: number, order = 0) {
		this.#journal = journal;
		this.#number = number;
		this.#order = order;
	}

	after(run: () => void): void {
		this.#journal.after(run);
	}

	/** It exists, with its expiry; `awayMs` (since 1970) is 0 while it is connected. */
	present(session: Session, awayMs: number): void {
		this.#journal.say.session({
			number: this.#number,
			principal: session.rights.principal,
			clientId: session.clientId,
			expirySeconds: session.expirySeconds,
			awayMs,
		});
	}

	ended(): void {
		this.#journal.say.sessionEnded(this.#number);
	}

	subscribed({ key, qos, noLocal, retainAsPublished, id }: Subscription): void {
		this.#journal.say.subscribed(this.#number, { key, qos, noLocal, retainAsPublished, id: id ?? 0 });
	}

	unsubscribed(key: string): void {
		this.#journal.say.unsubscribed(this.#number, key);
	}

	/** The number it has from now on; 0 where nothing can be kept now. */
	queued({ message, qos, retain, ids, group }: Queued): number {
		if (this.#journal.refusal !== undefined) return 0;
		const number = this.#journal.use(message);
		const order = ++this.#order;
		this.#journal.say.queued(this.#number, { order, message: number, qos, retain, ids: ids ?? [], group: group?.key ?? "" });
		return order;
	}

	sent({ order }: Queued, packetId: number): void {
		if (order > 0) this.#journal.say.sent(this.#number, order, packetId);
	}

	released({ order }: Queued): void {
		if (order > 0) this.#journal.say.released(this.#number, order);
	}

	done({ order, message }: Queued): void {
		if (order === 0) return;
		this.#journal.say.done(this.#number, order);
		this.#journal.letGo(message);
	}

	/** Its session has ended, and with it the place it waited. */
	abandon(queued: Queued): void {
		if (queued.order > 0) this.#journal.letGo(queued.message);
		queued.order = 0;
	}

	received(packetId: number): void {
		this.#journal.say.received(this.#number, packetId);
	}

	receivedGone(packetId: number): void {
		this.#journal.say.receivedGone(this.#number, packetId);
	}
}
