import type { IDisconnectPacket, Packet } from "mqtt-packet";
import type { Terms } from "./admission.ts";
import { Answers } from "./answers.ts";
import { encodeAcknowledgement, encodeControl, packetType, parseControl, pingResponse } from "./control-codec.ts";
import type { BrokerCore } from "./core.ts";
import { PublishGate } from "./incoming.ts";
import { fixedLimits } from "./limits.ts";
import { type ParsedPublish, parsePublish } from "./publish-codec.ts";
import type { ReadingPace } from "./reading-pace.ts";
import { ProtocolError, Reason } from "./reason-codes.ts";
import type { RetainedDelivery } from "./retained-delivery.ts";
import type { Session } from "./session.ts";
import { subscribe, unsubscribe } from "./subscribing.ts";
import { TopicAliases } from "./topic-aliases.ts";

export interface DialogueTools {
	core: BrokerCore;
	session: Session;
	terms: Terms;
	bridgeMode: boolean;
	pace: ReadingPace;
	retained: RetainedDelivery;
	/** Writes an answer. */
	reply(frame: Buffer): void;
	/** The client said goodbye. */
	goodbye(about: { will: boolean }): void;
	/** Something the client asked for cannot be, and its version has no word for it. */
	hangUp(reason: number, why: string): void;
}

/** What an admitted client says, packet by packet, and what it is answered. */
export class Dialogue {
	/** Messages the client published. */
	received = 0;
	readonly #core: BrokerCore;
	readonly #session: Session;
	readonly #terms: Terms;
	readonly #tools: DialogueTools;
	readonly #pace: ReadingPace;
	readonly #gate: PublishGate;
	readonly #answers: Answers;
	readonly #aliases = new TopicAliases();
	/** Acknowledgements of QoS 1 that wait for a disk. */
	#owedQos1 = 0;
	#heldForAnswers = false;
	#heldForRoom = false;

	constructor(tools: DialogueTools) {
		this.#tools = tools;
		this.#core = tools.core;
		this.#session = tools.session;
		this.#terms = tools.terms;
		this.#pace = tools.pace;
		this.#gate = new PublishGate(tools.core, tools.session);
		this.#answers = new Answers(tools.reply);
	}

	/** Monotonic ms since when an answer is owed; Infinity where none is. */
	get owesSince(): number {
		return this.#answers.waitingSince;
	}

	end(): void {
		this.#answers.clear();
	}

	take(bytes: Buffer, start: number, body: number, end: number): void {
		const type = (bytes[start] as number) >> 4;
		const { version } = this.#terms;
		if (type === packetType.publish) this.#publish(parsePublish(bytes, start, body, end, version), bytes, start, end);
		else if (type === packetType.puback && end - body >= 2) this.#session.acknowledge(bytes.readUInt16BE(body));
		else if (type === packetType.pingreq && end === body) this.#answers.give(pingResponse);
		else if (type >= packetType.pubrec && type <= packetType.pubcomp) this.#handshake(bytes, type, start, body, end);
		else {
			const { bridgeMode } = this.#tools;
			this.#control(parseControl(bytes.subarray(start, end), { protocolVersion: version, bridgeMode }));
		}
	}

	/** The steps of QoS 2 behind PUBLISH, by hand: there are three to a message. */
	#handshake(bytes: Buffer, type: number, start: number, body: number, end: number): void {
		const flags = (bytes[start] as number) & 15;
		if (end - body < 2 || flags !== (type === packetType.pubrel ? 2 : 0))
			throw new ProtocolError(Reason.malformed, `A packet of type ${type} is broken`);
		const packetId = bytes.readUInt16BE(body);
		if (packetId === 0) throw new ProtocolError(Reason.malformed, "Packet identifier 0");
		if (type === packetType.pubrel) {
			this.#release(packetId);
			return;
		}
		this.#session.progressed();
		if (type === packetType.pubcomp) this.#session.outgoing.complete(packetId);
		else this.#session.outgoing.received(packetId, end - body > 2 ? (bytes[body + 2] as number) : 0);
	}

	#control(packet: Packet): void {
		const session = this.#session;
		const { version } = this.#terms;
		const id = packet.messageId ?? 0;
		if (id < 1 && packet.cmd !== "disconnect" && packet.cmd !== "auth" && packet.cmd !== "connect")
			throw new ProtocolError(Reason.malformed, "Packet identifier 0");
		switch (packet.cmd) {
			case "subscribe": {
				const { codes, retained } = subscribe(this.#core, session, packet, version);
				this.#keptThen(() => {
					this.#tools.reply(encodeControl({ cmd: "suback", messageId: id, granted: codes }, version));
					for (const subscription of retained) this.#tools.retained.add(subscription);
					this.#tools.retained.pump();
				});
				return;
			}
			case "unsubscribe": {
				const codes = unsubscribe(this.#core, session, packet.unsubscriptions);
				this.#keptThen(() => this.#tools.reply(encodeControl({ cmd: "unsuback", messageId: id, granted: codes }, version)));
				return;
			}
			case "disconnect":
				this.#goodbye(packet);
				return;
			default:
				throw new ProtocolError(Reason.protocolError, `A client may not send ${packet.cmd} now`);
		}
	}

	/** Now, or once the journal has what the session lasts by. */
	#keptThen(run: () => void): void {
		const { journal } = this.#session;
		if (journal === undefined) run();
		else journal.after(run);
	}

	/** PUBREL: the identifier is free again. Source: MQTT 5 §4.3.3. */
	#release(packetId: number): void {
		const { incoming, journal } = this.#session;
		const known = incoming.delete(packetId);
		if (known) journal?.receivedGone(packetId);
		const frame = encodeAcknowledgement(
			packetType.pubcomp,
			packetId,
			known ? Reason.success : Reason.packetIdNotFound,
			this.#terms,
		);
		// After a crash a used identifier that was forgotten too late would swallow another message.
		this.#keptThen(() => this.#tools.reply(frame));
	}

	#goodbye(packet: IDisconnectPacket): void {
		const expiry: unknown = packet.properties?.sessionExpiryInterval;
		if (typeof expiry === "number") {
			if (expiry > 0 && this.#terms.expirySeconds === 0)
				throw new ProtocolError(Reason.protocolError, "A session that ends with its connection cannot be prolonged now");
			this.#session.expirySeconds = expiry === 0xffff_ffff ? Number.POSITIVE_INFINITY : expiry;
		}
		this.#tools.goodbye({ will: packet.reasonCode !== undefined && packet.reasonCode !== Reason.success });
	}

	#publish(parsed: ParsedPublish, bytes: Buffer, start: number, end: number): void {
		this.received++;
		this.#core.counts.received++;
		this.#pace.spend(end - start);
		const { qos, properties, packetId, retain } = parsed;
		const { version } = this.#terms;
		const topic = properties === undefined ? parsed.topic : this.#aliases.resolve(parsed.topic, properties.topicAlias);
		const gate = this.#gate;
		if (!gate.isTopic(topic)) throw new ProtocolError(Reason.topicNameInvalid, "The topic is not a topic name");
		if (qos !== 0 && this.#session.incoming.size + this.#owedQos1 >= fixedLimits.receiving) this.#tooMany(qos, packetId);
		if (qos === 2 && this.#session.incoming.has(packetId)) {
			this.#receivedAgain(packetId);
			return;
		}
		const whole = qos === 0 && !retain && properties === undefined ? bytes.subarray(start, end) : undefined;
		const position = this.#core.position;
		const reason = gate.accept({
			topic,
			payload: parsed.payload,
			qos,
			retain,
			properties,
			...(whole === undefined ? {} : version === 5 ? { frame5: whole } : { frame3: whole }),
		});
		if (qos !== 0) this.#acknowledge(qos, packetId, reason, position);
		if (gate.room !== undefined) this.#waitForRoom(gate.room);
		if (this.#core.congested.size > 0) this.#pace.waitForReaders(this.#session, qos);
	}

	/** The product has enough to do: this client is read no further, which QoS 0 has no other word for. */
	#waitForRoom(room: Promise<void>): void {
		if (this.#heldForRoom) return;
		this.#heldForRoom = true;
		this.#pace.hold();
		const goOn = (): void => {
			this.#heldForRoom = false;
			this.#pace.release();
		};
		room.then(goOn, goOn);
	}

	/** The client has more under way than it was told to. Source: MQTT 5 §3.3.4. */
	#tooMany(qos: 1 | 2, packetId: number): void {
		if (this.#terms.version < 5 || (qos === 2 && this.#session.incoming.has(packetId))) return;
		throw new ProtocolError(Reason.receiveMaximumExceeded, `More than ${fixedLimits.receiving} messages are not acknowledged`);
	}

	/** A QoS 2 message that is here already: it is only told so again. */
	#receivedAgain(packetId: number): void {
		const frame = encodeAcknowledgement(packetType.pubrec, packetId, Reason.success, this.#terms);
		const answer = this.#answers.owe(this.#core.clock.monotonicMs());
		const kept = (): void => this.#keptThen(() => answer(frame));
		const stored = this.#session.incoming.get(packetId);
		if (stored === undefined) kept();
		else
			stored.then(kept, () => {
				const refused = this.#gate.refusalOfStore();
				answer(encodeAcknowledgement(packetType.pubrec, packetId, refused, this.#terms));
			});
	}

	/** PUBACK or PUBREC: at once where nothing durable was promised, otherwise when it is on disk. */
	#acknowledge(qos: 1 | 2, packetId: number, reason: number, position: number): void {
		const { incoming, journal } = this.#session;
		const type = qos === 1 ? packetType.puback : packetType.pubrec;
		const { stored, why } = this.#gate;
		const frame = encodeAcknowledgement(type, packetId, reason, this.#terms, why);
		if (reason >= 0x80) {
			if (reason === Reason.quotaExceeded && this.#terms.version < 5 && this.#core.journal?.refusal !== undefined)
				this.#tools.hangUp(reason, "Nothing durable can be promised now");
			else this.#answers.give(frame);
			return;
		}
		if (qos === 2) {
			incoming.set(packetId, stored);
			if (stored === undefined) journal?.received(packetId);
		}
		if (stored === undefined && this.#core.position === position) {
			this.#answers.give(frame);
			return;
		}
		const answer = this.#answers.owe(this.#core.clock.monotonicMs());
		if (qos === 1) this.#owe(1);
		const kept = (): void =>
			this.#core.kept(() => {
				if (qos === 1) this.#owe(-1);
				answer(frame);
			});
		if (stored === undefined) {
			kept();
			return;
		}
		stored.then(
			() => {
				if (qos === 2) {
					// A session that has ended meanwhile has no journal to tell.
					this.#session.incoming.set(packetId, undefined);
					this.#session.journal?.received(packetId);
				}
				kept();
			},
			(error: unknown) => {
				if (qos === 1) this.#owe(-1);
				else this.#session.incoming.delete(packetId);
				this.#core.log.debug("What a client published could not be stored", { error: String(error) });
				if (this.#terms.version < 5) this.#tools.hangUp(Reason.unspecified, "What was published could not be stored");
				else answer(encodeAcknowledgement(type, packetId, this.#gate.refusalOfStore(), this.#terms));
			},
		);
	}

	/** A client that cannot be told a receive maximum is read no further while many of its answers wait. */
	#owe(change: 1 | -1): void {
		this.#owedQos1 += change;
		if (!this.#heldForAnswers && this.#owedQos1 >= fixedLimits.receiving / 2) {
			this.#heldForAnswers = true;
			this.#pace.hold();
		} else if (this.#heldForAnswers && this.#owedQos1 * 4 < fixedLimits.receiving) {
			this.#heldForAnswers = false;
			this.#pace.release();
		}
	}
}
