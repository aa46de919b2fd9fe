import type { BrokerClient, BrokerRights } from "@millwright/core";
import type { IConnectPacket, IDisconnectPacket, Packet } from "mqtt-packet";
import { authenticate, connackOf, type Terms, termsOf } from "./admission.ts";
import { type Dialect, encodeControl, encodePuback, parseControl, pingResponse } from "./control-codec.ts";
import type { BrokerCore } from "./core.ts";
import { FrameReader } from "./frame-reader.ts";
import { PublishGate } from "./incoming.ts";
import { fixedLimits } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import { type ParsedPublish, parsePublish } from "./publish-codec.ts";
import { ReadingPace } from "./reading-pace.ts";
import { ProtocolError, Reason, returnCodeOf } from "./reason-codes.ts";
import { RetainedDelivery } from "./retained-delivery.ts";
import type { Line, Session } from "./session.ts";
import type { Sessions, Will } from "./sessions.ts";
import { subscribe, unsubscribe } from "./subscribing.ts";
import { TopicAliases } from "./topic-aliases.ts";
import type { Transport } from "./transport.ts";

export interface ConnectionTools {
	core: BrokerCore;
	sessions: Sessions;
	/** Refuses when the house is full. */
	mayEnter(): boolean;
	opened(connection: Connection): void;
	closed(connection: Connection, reason: string): void;
}

const nothing = Buffer.alloc(0);
/** One client on one transport, from its first byte to its last. */
export class Connection implements Line {
	version: 3 | 4 | 5 = 4;
	maxPacketBytes = Number.POSITIVE_INFINITY;
	window: number = fixedLimits.inflight;
	readonly connectedAtMs: number;
	received = 0;
	sent = 0;
	session: Session | undefined;
	readonly #tools: ConnectionTools;
	readonly #core: BrokerCore;
	readonly #transport: Transport;
	readonly #outbox: Outbox;
	readonly #reader = new FrameReader(fixedLimits.connectBytes);
	readonly #retained: RetainedDelivery;
	readonly #takePacket = (bytes: Buffer, start: number, body: number, end: number): void => this.#take(bytes, start, body, end);
	readonly #goOn = (): boolean => this.#state !== "closed" && !this.#pace.isHeld;
	#state: "waiting" | "admitting" | "open" | "closed" = "waiting";
	#dialect: Dialect | undefined;
	#terms: Terms | undefined;
	#gate: PublishGate | undefined;
	#will: Will | undefined;
	readonly #aliases = new TopicAliases();
	readonly #pace: ReadingPace;
	#written = 0;
	#overflowing = false;
	/** Monotonic ms: of the last whole packet, and of the packet that is not whole yet. */
	#heardAt: number;
	#partialSince = 0;
	#partial = 0;
	#alive = true;

	constructor(transport: Transport, tools: ConnectionTools) {
		this.#tools = tools;
		this.#core = tools.core;
		this.#transport = transport;
		this.#pace = new ReadingPace(tools.core, transport, () => this.#read(nothing));
		this.#outbox = new Outbox(transport, tools.core.turn, () => this.#went());
		this.#retained = new RetainedDelivery(tools.core, () => this.#outbox.bytes * 2 < tools.core.limits.queueBytes);
		this.connectedAtMs = tools.core.clock.nowMs();
		this.#heardAt = tools.core.clock.monotonicMs();
		transport.listen({
			data: (chunk) => this.#read(chunk),
			closed: () => this.end("the client closed the connection", { will: true }),
		});
	}

	// ---- what others ask of it ----

	get principal(): string {
		return this.session?.rights.principal ?? "";
	}

	describe(): BrokerClient {
		const { session } = this;
		return {
			id: session?.clientId ?? "",
			principal: this.principal,
			address: this.#transport.address,
			protocol: this.#transport.protocol,
			version: this.version,
			connectedAtMs: this.connectedAtMs,
			subscriptions: session === undefined ? [] : [...session.subscriptions.keys()],
			queuedBytes: this.#outbox.bytes + (session?.queuedBytes ?? 0),
			queuedMessages: session?.queuedMessages ?? 0,
			droppedMessages: session?.dropped ?? 0,
			received: this.received,
			sent: this.sent,
		};
	}

	get filled(): number {
		return this.#outbox.bytes;
	}

	get taken(): number {
		return this.#written - this.#outbox.bytes;
	}

	write(frame: Buffer): void {
		this.#core.counts.bytesSent += frame.length;
		this.#written += frame.length;
		if (this.#outbox.bytes === 0) this.session?.progressed();
		this.#outbox.push(frame);
	}

	countSent(): void {
		this.sent++;
		this.#core.counts.sent++;
	}

	overflow(): void {
		if (this.#overflowing) return;
		this.#overflowing = true;
		this.#core.log.warn("A client left too many messages waiting and was disconnected", { client: this.session?.clientId });
		// Later: the caller is in the middle of delivering to it.
		this.#core.turn.after(() => this.disconnect(Reason.quotaExceeded, "Too many messages waited", { will: true }));
	}

	caughtUp(): void {
		if (this.#retained.pending > 0) this.#retained.pump();
	}

	/** Once a second. Source: MQTT 5 §3.1.2.10 (one and a half times the keep alive). */
	check(nowMs: number): void {
		if (this.#state === "closed") return;
		if (this.#state !== "open") {
			if (nowMs - this.#heardAt > fixedLimits.connectSeconds * 1000)
				this.end("no CONNECT came in time", { will: false, cut: true });
			return;
		}
		const keepAlive = this.#terms?.keepAliveSeconds ?? 0;
		if (this.#reader.pending > 0 && nowMs - this.#partialSince > fixedLimits.packetSeconds * 1000)
			this.disconnect(Reason.unspecified, "A packet was never finished", { will: true });
		else if (keepAlive > 0 && nowMs - this.#heardAt > keepAlive * 1500)
			this.disconnect(Reason.keepAliveTimeout, "Nothing was heard for one and a half keep alives", { will: true });
	}

	/** Ends with a DISCONNECT where the version has one. */
	disconnect(reason: number, why: string, about: { will: boolean }): void {
		if (this.#state === "closed") return;
		let last: Buffer | undefined;
		if (this.#state === "open" && this.version === 5)
			last = encodeControl(
				{ cmd: "disconnect", reasonCode: reason, ...(this.#terms?.explain ? { properties: { reasonString: why } } : {}) },
				5,
			);
		this.end(why, { ...about, last });
	}

	end(why: string, about: { will: boolean; last?: Buffer | undefined; cut?: boolean }): void {
		if (this.#state === "closed") return;
		this.#state = "closed";
		this.#outbox.close();
		this.#retained.stop();
		this.#reader.clear();
		this.#countPartial();
		if (about.cut) this.#transport.destroy();
		else this.#transport.close(about.last);
		const { session } = this;
		if (session?.line === this) this.#tools.sessions.leave(session, about.will ? this.#will : undefined);
		this.#tools.closed(this, why);
	}

	destroy(): void {
		this.#transport.destroy();
	}

	// ---- reading ----

	#read(chunk: Buffer): void {
		if (this.#state === "closed") return;
		this.#core.counts.bytesReceived += chunk.length;
		this.#pace.took(chunk.length);
		const before = this.#reader.pending;
		try {
			this.#reader.push(chunk, this.#takePacket, this.#goOn);
		} catch (error) {
			this.#broken(error);
			return;
		}
		const pending = this.#reader.pending;
		if (pending > 0 && (before === 0 || this.#alive)) this.#partialSince = this.#core.clock.monotonicMs();
		if (this.#alive) {
			this.#alive = false;
			this.#heardAt = this.#core.clock.monotonicMs();
		}
		if (pending !== this.#partial) this.#countPartial();
		if (this.#core.counts.partialBytes > fixedLimits.partialBytes && pending > 65_536)
			this.disconnect(Reason.quotaExceeded, "Too many unfinished packets are held", { will: true });
	}

	#countPartial(): void {
		this.#core.counts.partialBytes += this.#reader.pending - this.#partial;
		this.#partial = this.#reader.pending;
	}

	#broken(error: unknown): void {
		if (!(error instanceof ProtocolError)) {
			this.#core.log.error("A connection failed and was closed", {
				client: this.session?.clientId,
				error: error instanceof Error ? (error.stack ?? error.message) : String(error),
			});
			this.disconnect(Reason.unspecified, "Internal error", { will: true });
			return;
		}
		this.#core.log.debug("A client broke the protocol", { address: this.#transport.address, reason: error.message });
		if (this.#state === "open") this.disconnect(error.reason, error.message, { will: true });
		else this.#refuse(error.reason, error.message);
	}

	#take(bytes: Buffer, start: number, body: number, end: number): void {
		this.#alive = true;
		const type = (bytes[start] as number) >> 4;
		if (this.#state === "waiting") {
			if (type !== 1) throw new ProtocolError(Reason.protocolError, "The first packet must be CONNECT");
			const packet = parseControl(bytes.subarray(start, end), undefined) as IConnectPacket;
			this.#admit(packet);
			return;
		}
		if (type === 3) this.#publish(parsePublish(bytes, start, body, end, this.version), bytes, start, end);
		else if (type === 4 && end - body >= 2) this.session?.acknowledge(bytes.readUInt16BE(body));
		else if (type === 12 && end === body) this.#reply(pingResponse);
		else this.#control(parseControl(bytes.subarray(start, end), this.#dialect));
		this.#pace.share();
	}

	#control(packet: Packet): void {
		const session = this.session as Session;
		const { messageId } = packet;
		switch (packet.cmd) {
			case "subscribe": {
				const id = this.#packetId(messageId);
				const { codes, retained } = subscribe(this.#core, session, packet, this.version);
				this.#reply(encodeControl({ cmd: "suback", messageId: id, granted: codes }, this.version));
				for (const subscription of retained) this.#retained.add(subscription);
				this.#retained.pump();
				return;
			}
			case "unsubscribe": {
				const id = this.#packetId(messageId);
				const codes = unsubscribe(this.#core, session, packet.unsubscriptions);
				this.#reply(encodeControl({ cmd: "unsuback", messageId: id, granted: codes }, this.version));
				return;
			}
			case "disconnect":
				this.#goodbye(packet);
				return;
			default:
				throw new ProtocolError(Reason.protocolError, `A client may not send ${packet.cmd} now`);
		}
	}

	#packetId(id: number | undefined): number {
		if (id === undefined || id < 1) throw new ProtocolError(Reason.malformed, "Packet identifier 0");
		return id;
	}

	#goodbye(packet: IDisconnectPacket): void {
		const expiry: unknown = packet.properties?.sessionExpiryInterval;
		const session = this.session as Session;
		if (typeof expiry === "number") {
			if (expiry > 0 && this.#terms?.expirySeconds === 0)
				throw new ProtocolError(Reason.protocolError, "A session that ends with its connection cannot be prolonged now");
			session.expirySeconds = expiry === 0xffff_ffff ? Number.POSITIVE_INFINITY : expiry;
		}
		this.end("the client said goodbye", { will: packet.reasonCode !== undefined && packet.reasonCode !== Reason.success });
	}

	#reply(frame: Buffer): void {
		this.write(frame);
		this.#pace.answered(frame.length);
	}

	/** The kernel took what was written: what waited may follow. */
	#went(): void {
		if (this.#state !== "open") return;
		const session = this.session as Session;
		session.progressed();
		if (session.isBehind && this.#outbox.bytes * 4 < this.#core.limits.queueBytes) session.pump();
		if (this.#transport.bufferedBytes > 0) return;
		if (this.#retained.pending > 0) this.#retained.pump();
		this.#pace.emptied();
	}

	// ---- publishing ----

	#publish(parsed: ParsedPublish, bytes: Buffer, start: number, end: number): void {
		this.received++;
		this.#core.counts.received++;
		const { qos, properties, packetId, retain } = parsed;
		// The place where QoS 2 will begin: PUBREC instead of refusal.
		if (qos === 2) throw new ProtocolError(Reason.qosNotSupported, "QoS 2 is not supported; the highest is 1");
		const topic = properties === undefined ? parsed.topic : this.#aliases.resolve(parsed.topic, properties.topicAlias);
		const gate = this.#gate as PublishGate;
		if (!gate.isTopic(topic)) throw new ProtocolError(Reason.topicNameInvalid, "The topic is not a topic name");
		const plain = qos === 0 && !retain && properties === undefined;
		const whole = plain ? bytes.subarray(start, end) : undefined;
		const reason = gate.accept({
			topic,
			payload: parsed.payload,
			qos,
			retain,
			properties,
			...(whole === undefined ? {} : this.version === 5 ? { frame5: whole } : { frame3: whole }),
		});
		if (qos === 1) this.#reply(encodePuback(packetId, reason, this.version));
		if (this.#core.congested.size > 0) this.#pace.waitForReaders(this.session, qos);
	}

	// ---- admission ----

	#admit(packet: IConnectPacket): void {
		this.#state = "admitting";
		this.version = packet.protocolVersion ?? 4;
		const terms = termsOf(packet, this.#core);
		if (!this.#tools.mayEnter()) throw new ProtocolError(Reason.serverBusy, "Too many clients");
		this.#pace.hold();
		authenticate(this.#core, packet, terms, this.#transport).then(
			(rights) => this.#decide(packet, terms, rights),
			(error: unknown) => {
				this.#core.log.error("Authentication failed to answer", { client: terms.clientId, error: String(error) });
				this.#refuse(Reason.serverUnavailable, "Nobody could be asked");
			},
		);
	}

	#decide(packet: IConnectPacket, terms: Terms, rights: BrokerRights | undefined): void {
		if (this.#state !== "admitting") return;
		if (rights === undefined) {
			const anonymous = packet.username === undefined && packet.password === undefined;
			this.#refuse(anonymous ? Reason.notAuthorized : Reason.badUserOrPassword, "Not authorized");
			return;
		}
		try {
			// Others may have come in while this one was looked up.
			if (!this.#tools.mayEnter()) throw new ProtocolError(Reason.serverBusy, "Too many clients");
			this.#open(packet, terms, rights);
		} catch (error) {
			this.#broken(error);
		}
	}

	#open(packet: IConnectPacket, terms: Terms, rights: BrokerRights): void {
		const { sessions, core } = this.#tools;
		let session = sessions.find(rights.principal, terms.clientId);
		(session?.line as Connection | undefined)?.disconnect(Reason.sessionTakenOver, "Another connection took the session over", {
			will: true,
		});
		// Taking over may have ended it.
		session = sessions.find(rights.principal, terms.clientId);
		if (session !== undefined && terms.clean) {
			sessions.end(session);
			session = undefined;
		}
		const present = session !== undefined;
		session ??= sessions.create(rights, terms.clientId);
		sessions.cancelWill(session);
		session.rights = rights;
		session.expirySeconds = terms.expirySeconds;
		if (present) this.#recheck(session);
		this.session = session;
		this.maxPacketBytes = terms.maxPacketBytes;
		this.window = terms.window;
		this.#terms = terms;
		this.#will = terms.will;
		this.#dialect = { protocolVersion: terms.version, bridgeMode: (packet as { bridgeMode?: boolean }).bridgeMode === true };
		this.#gate = new PublishGate(core, session);
		this.#reader.maxBytes = core.limits.maxPacketBytes;
		this.#state = "open";
		this.#heardAt = core.clock.monotonicMs();
		this.write(encodeControl(connackOf(terms, core, present), terms.version));
		session.resume(this);
		this.#tools.opened(this);
		this.#pace.release();
	}

	/** Rights may have changed while the client was away. */
	#recheck(session: Session): void {
		for (const subscription of [...session.subscriptions.values()]) {
			if (session.rights.maySubscribe(subscription.filter)) this.#core.routes.invalidate(subscription.filter);
			else {
				session.subscriptions.delete(subscription.filter);
				this.#core.routes.unsubscribe(subscription);
			}
		}
	}

	#refuse(reason: number, why: string): void {
		if (this.#state === "closed") return;
		this.#core.counts.refusedConnections++;
		const answer =
			this.#state === "waiting" && reason !== Reason.unsupportedVersion
				? undefined
				: encodeControl(
						this.version === 5
							? { cmd: "connack", reasonCode: reason, sessionPresent: false }
							: { cmd: "connack", returnCode: returnCodeOf(reason), sessionPresent: false },
						this.version,
					);
		this.end(why, { will: false, last: answer });
	}
}
