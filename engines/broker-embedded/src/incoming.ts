import type { ClientTalk, Said } from "./client-talk.ts";
import type { BrokerCore } from "./core.ts";
import { Message, type Qos } from "./message.ts";
import type { ScannedProperties } from "./publish-properties.ts";
import { Reason } from "./reason-codes.ts";
import type { TopicEntry } from "./routes.ts";
import type { Session } from "./session.ts";
import { isTopicName } from "./topic-names.ts";

/** Topics a client has been allowed or denied; asked once a topic. */
const remembered = 10_000;

export interface ClientPublish {
	topic: string;
	payload: Buffer;
	qos: Qos;
	retain: boolean;
	properties: ScannedProperties | undefined;
	/** The packet as it came, where a subscriber of the same version may get it unchanged. */
	frame3?: Buffer;
	frame5?: Buffer;
}

interface Known {
	may: boolean;
	said: Said | undefined;
	generation: number;
}

/** The gate for what one client publishes: topic rights, the product's own check, limits; then to the subscribers. */
export class PublishGate {
	readonly #core: BrokerCore;
	readonly #session: Session;
	readonly #talk: ClientTalk | undefined;
	readonly #source: { id: string; principal: string };
	#known = new Map<TopicEntry, Known>();
	/** Of the last message accepted: resolves when the product has it. */
	stored: Promise<void> | undefined;
	/** Of the last message accepted: the product can take no more until it resolves. */
	room: Promise<void> | undefined;
	/** Of the last message refused, for the reason string. */
	why: string | undefined;

	constructor(core: BrokerCore, session: Session) {
		this.#core = core;
		this.#session = session;
		this.#talk = session.conversation;
		this.#source = { id: session.clientId, principal: session.rights.principal };
	}

	/** The reason code for the publisher; success has reached every subscriber's queue. */
	accept(publish: ClientPublish): number {
		this.stored = undefined;
		this.room = undefined;
		this.why = undefined;
		const core = this.#core;
		const { topic, payload, qos, properties } = publish;
		const known = this.#knownOf(topic);
		if (!known.may) {
			core.counts.deniedTopics++;
			return Reason.notAuthorized;
		}
		if (qos > 0 && core.cannotKeep(topic, publish.retain, qos === 2 && this.#session.journal !== undefined)) {
			this.why = core.journal?.refusal;
			return Reason.quotaExceeded;
		}
		const verdict = core.judge({ topic, payload, qos, retain: publish.retain, client: this.#source });
		if (typeof verdict === "object" && "refuse" in verdict) {
			this.why = verdict.reason;
			return verdict.refuse;
		}
		this.room = verdict === "accept" ? undefined : verdict.room;
		const retain = verdict === "accept" ? publish.retain : verdict.retain;
		if (retain && payload.length > 0 && !core.mayRetain(topic, payload.length)) return Reason.quotaExceeded;
		this.stored = verdict === "accept" ? undefined : verdict.stored;
		const { said } = known;
		if (said !== undefined) {
			said.messages++;
			said.bytes += payload.length;
			said.lastMs = core.coarseNowMs;
		}
		const expiry = properties?.expirySeconds;
		core.route(
			new Message({
				topic,
				payload,
				qos,
				retain,
				// What the product itself has stored is retained again from there.
				keep: !retain ? "no" : qos === 0 || this.stored !== undefined ? "soon" : "now",
				publisher: this.#session,
				source: this.#source,
				expiresAt: expiry === undefined ? Number.POSITIVE_INFINITY : core.clock.monotonicMs() + expiry * 1000,
				properties: undefined,
				forward: properties?.forward,
				frame3: retain ? undefined : publish.frame3,
				frame5: retain ? undefined : publish.frame5,
			}),
		);
		return Reason.success;
	}

	/** What a publisher is told when the product could not store its message. */
	refusalOfStore(): number {
		return Reason.quotaExceeded;
	}

	mayPublish(topic: string): boolean {
		return this.#knownOf(topic).may;
	}

	#knownOf(topic: string): Known {
		const entry = this.#core.routes.entry(topic);
		const known = this.#known.get(entry);
		if (known !== undefined) {
			if (known.said !== undefined && known.generation !== this.#talk?.generation) this.#count(known, topic);
			return known;
		}
		let may = false;
		try {
			may = !topic.startsWith("$") && this.#session.rights.mayPublish(topic);
		} catch (error) {
			this.#core.log.error("Topic rights failed; the publish is refused", {
				client: this.#session.clientId,
				topic,
				error: String(error),
			});
		}
		if (this.#known.size >= remembered) this.#known.clear();
		const fresh: Known = { may, said: undefined, generation: 0 };
		if (may) this.#count(fresh, topic);
		this.#known.set(entry, fresh);
		return fresh;
	}

	#count(known: Known, topic: string): void {
		known.said = this.#talk?.on(topic);
		known.generation = this.#talk?.generation ?? 0;
	}

	/** Known topics were checked when they were first seen. */
	isTopic(topic: string): boolean {
		return this.#core.routes.find(topic) !== undefined || isTopicName(topic);
	}
}
