import type { BrokerCore } from "./core.ts";
import { Fifo } from "./fifo.ts";
import { lower } from "./message.ts";
import type { TopicEntry } from "./routes.ts";
import type { Subscription } from "./session.ts";

/** Topics looked at before the others have their turn. */
const slice = 1000;
/** QoS 1 messages that may wait before more retained ones are added. */
const waitingLimit = 100;

/** Sends retained messages at the pace of the client: a hundred thousand of them never pile up in its queue. */
export class RetainedDelivery {
	readonly #core: BrokerCore;
	readonly #queued: Fifo<Subscription> = new Fifo();
	readonly #hasRoom: () => boolean;
	#entries: TopicEntry[] = [];
	#current: Subscription | undefined;
	#at = 0;
	#scheduled = false;
	#stopped = false;

	constructor(core: BrokerCore, hasRoom: () => boolean) {
		this.#core = core;
		this.#hasRoom = hasRoom;
	}

	get pending(): number {
		return this.#queued.length + (this.#current === undefined ? 0 : 1);
	}

	add(subscription: Subscription): void {
		this.#queued.push(subscription);
	}

	stop(): void {
		this.#stopped = true;
		this.#queued.clear();
		this.#entries = [];
		this.#current = undefined;
	}

	/** Goes on where it stopped; called after SUBACK, when output was taken, and when the QoS 1 queue is empty. */
	pump(): void {
		let looked = 0;
		while (!this.#stopped && !this.#scheduled) {
			if (this.#current === undefined && !this.#next()) return;
			const subscription = this.#current as Subscription;
			while (this.#at < this.#entries.length) {
				if (!this.#hasRoom() || subscription.session.waitingMessages > waitingLimit) return;
				if (looked++ >= slice) {
					this.#scheduled = true;
					this.#core.turn.after(() => {
						this.#scheduled = false;
						this.pump();
					});
					return;
				}
				this.#send(subscription, this.#entries[this.#at++] as TopicEntry);
			}
			this.#current = undefined;
			this.#entries = [];
		}
	}

	#next(): boolean {
		let subscription = this.#queued.shift();
		while (subscription !== undefined && subscription.session.subscriptions.get(subscription.key) !== subscription)
			subscription = this.#queued.shift();
		if (subscription === undefined) return false;
		this.#current = subscription;
		this.#entries = this.#core.routes.retainedMatching(subscription.filter);
		this.#at = 0;
		return true;
	}

	#send(subscription: Subscription, entry: TopicEntry): void {
		const message = entry.retained;
		const { session } = subscription;
		if (message === undefined) return;
		if (message.isExpired(this.#core.clock.monotonicMs())) {
			this.#core.forgetRetained(entry);
			return;
		}
		try {
			if (!session.rights.mayReceive(entry.topic)) return;
			const qos = lower(message.qos, subscription.qos);
			session.send(message, qos, true, subscription.id === undefined ? undefined : [subscription.id], undefined);
		} catch (error) {
			this.#core.log.error("A retained message could not be sent", { topic: entry.topic, error: String(error) });
		}
	}
}
