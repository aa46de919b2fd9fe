import type { MessageProperties } from "@millwright/core";
import type { OutgoingAliases } from "./outgoing-aliases.ts";
import { encodePublish } from "./publish-codec.ts";
import { decodeProperties, encodeProperties, noBytes } from "./publish-properties.ts";

export type Qos = 0 | 1 | 2;
/** The lower of what was published and what is subscribed to. */
export const lower = (a: Qos, b: Qos): Qos => Math.min(a, b) as Qos;

export type Keep = "no" | "soon" | "now";

export interface MessageSource {
	id: string;
	principal: string;
}

function exactCopy(bytes: Uint8Array): Buffer {
	const copy = Buffer.allocUnsafeSlow(bytes.length);
	copy.set(bytes);
	return copy;
}

/**
 * One message on its way to any number of receivers. The payload may still be a function: it is called at most once,
 * by the first who needs bytes. Frames that are the same for many receivers are encoded once.
 */
export class Message {
	readonly topic: string;
	readonly qos: Qos;
	readonly retain: boolean;
	/** Session of the publishing client, for no-local; undefined for the process itself. */
	readonly publisher: object | undefined;
	readonly source: MessageSource | undefined;
	/** Clock's monotonic ms; Infinity where it never expires. */
	readonly expiresAt: number;
	/** Its number in the journal; 0 where it is not kept there. */
	stored = 0;
	/** Places in the journal that name it. */
	uses = 0;
	/** Must its retained value be on disk: before it is acknowledged, soon, or not at all? */
	readonly keep: Keep;
	#payload: Uint8Array | (() => Uint8Array);
	#properties: MessageProperties | undefined;
	#forward: Buffer | undefined;
	#frame3: Buffer | undefined;
	#frame5: Buffer | undefined;
	#owned = false;

	constructor(about: {
		topic: string;
		payload: Uint8Array | (() => Uint8Array);
		qos: Qos;
		retain: boolean;
		keep?: Keep;
		publisher?: object;
		source?: MessageSource;
		expiresAt?: number;
		properties?: MessageProperties;
		forward?: Buffer;
		/** The packet as it came, where it may leave unchanged (QoS 0, no flags, no properties). */
		frame3?: Buffer;
		frame5?: Buffer;
	}) {
		this.topic = about.topic;
		this.qos = about.qos;
		this.retain = about.retain;
		this.keep = about.keep ?? "no";
		this.publisher = about.publisher;
		this.source = about.source;
		this.expiresAt = about.expiresAt ?? Number.POSITIVE_INFINITY;
		this.#payload = about.payload;
		this.#properties = about.properties;
		this.#forward = about.forward;
		this.#frame3 = about.frame3;
		this.#frame5 = about.frame5;
	}

	/** May throw what the publisher's function throws. */
	get payload(): Uint8Array {
		if (typeof this.#payload === "function") this.#payload = this.#payload();
		return this.#payload;
	}

	/** Retained with nothing in it clears; a function always gives something. */
	get clears(): boolean {
		return typeof this.#payload !== "function" && this.#payload.length === 0;
	}

	/** What it holds in memory now. */
	get bytes(): number {
		return (typeof this.#payload === "function" ? 0 : this.#payload.length) + this.topic.length;
	}

	get properties(): MessageProperties | undefined {
		if (this.#properties === undefined && this.#forward !== undefined && this.#forward.length > 0)
			this.#properties = decodeProperties(this.#forward);
		return this.#properties;
	}

	get forward(): Buffer {
		this.#forward ??= encodeProperties(this.#properties);
		return this.#forward;
	}

	/** Copies what is only a view into a much larger read buffer, before the message is kept for longer than this turn. */
	own(): this {
		if (this.source === undefined || this.#owned) return this;
		this.#owned = true;
		if (typeof this.#payload !== "function") this.#payload = exactCopy(this.#payload);
		if (this.#forward !== undefined) this.#forward = exactCopy(this.#forward);
		this.#frame3 = undefined;
		this.#frame5 = undefined;
		return this;
	}

	isExpired(nowMs: number): boolean {
		return nowMs >= this.expiresAt;
	}

	/** The PUBLISH for one receiver. */
	frame(to: {
		version: 3 | 4 | 5;
		qos: Qos;
		retain: boolean;
		packetId: number;
		dup: boolean;
		ids: readonly number[] | undefined;
		nowMs: number;
		aliases: OutgoingAliases | undefined;
	}): Buffer {
		const shared =
			to.qos === 0 &&
			!to.retain &&
			to.ids === undefined &&
			to.aliases === undefined &&
			this.expiresAt === Number.POSITIVE_INFINITY;
		if (shared) {
			const known = to.version === 5 ? this.#frame5 : this.#frame3;
			if (known !== undefined) return known;
		}
		const bytes = encodePublish(
			{
				topic: to.aliases === undefined ? this.topic : to.aliases.topicFor(this.topic),
				payload: this.payload,
				qos: to.qos,
				dup: to.dup,
				retain: to.retain,
				packetId: to.packetId,
				forward:
					to.version !== 5 ? noBytes : to.aliases === undefined ? this.forward : to.aliases.before(this.topic, this.forward),
				expirySeconds:
					this.expiresAt === Number.POSITIVE_INFINITY ? undefined : Math.max(1, Math.ceil((this.expiresAt - to.nowMs) / 1000)),
				subscriptionIds: to.ids,
			},
			to.version,
		);
		if (shared) {
			if (to.version === 5) this.#frame5 = bytes;
			else this.#frame3 = bytes;
		}
		return bytes;
	}
}
