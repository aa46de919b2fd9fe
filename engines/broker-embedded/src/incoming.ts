import type { BrokerCore } from "./core.ts";
import { Message } from "./message.ts";
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
	qos: 0 | 1;
	retain: boolean;
	properties: ScannedProperties | undefined;
	/** The packet as it came, where a subscriber of the same version may get it unchanged. */
	frame3?: Buffer;
	frame5?: Buffer;
}

/** The gate for what one client publishes: topic rights, the product's own check, limits; then to the subscribers. */
export class PublishGate {
	readonly #core: BrokerCore;
	readonly #session: Session;
	readonly #source: { id: string; principal: string };
	#rights = new Map<TopicEntry, boolean>();

	constructor(core: BrokerCore, session: Session) {
		this.#core = core;
		this.#session = session;
		this.#source = { id: session.clientId, principal: session.rights.principal };
	}

	/** The reason code for the publisher; success has reached every subscriber's queue. */
	accept(publish: ClientPublish): number {
		const core = this.#core;
		if (!this.#mayPublish(publish.topic)) {
			core.counts.deniedTopics++;
			return Reason.notAuthorized;
		}
		const { topic, payload, qos, properties } = publish;
		const verdict = core.judge({ topic, payload, qos, retain: publish.retain, client: this.#source });
		if (typeof verdict === "object" && "refuse" in verdict) return verdict.refuse;
		const retain = verdict === "accept" ? publish.retain : verdict.retain;
		if (retain && payload.length > 0 && !core.mayRetain(topic, payload.length)) return Reason.quotaExceeded;
		const expiry = properties?.expirySeconds;
		core.route(
			new Message({
				topic,
				payload,
				qos,
				retain,
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

	#mayPublish(topic: string): boolean {
		const entry = this.#core.routes.entry(topic);
		const known = this.#rights.get(entry);
		if (known !== undefined) return known;
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
		if (this.#rights.size >= remembered) this.#rights.clear();
		this.#rights.set(entry, may);
		return may;
	}

	/** Known topics were checked when they were first seen. */
	isTopic(topic: string): boolean {
		return this.#core.routes.find(topic) !== undefined || isTopicName(topic);
	}
}
