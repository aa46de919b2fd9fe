import type { BrokerClient } from "@millwright/core";
import type { IConnectPacket } from "mqtt-packet";
import { checkConnect, connackOf, type Terms } from "./admission.ts";
import { encodeAcknowledgement, encodeControl, packetType, parseControl } from "./control-codec.ts";
import type { BrokerCore } from "./core.ts";
import { Dialogue } from "./dialogue.ts";
import { FrameReader } from "./frame-reader.ts";
import { shakeHands } from "./handshake.ts";
import { fixedLimits } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import { OutgoingAliases } from "./outgoing-aliases.ts";
import { ReadingPace } from "./reading-pace.ts";
import { ProtocolError, Reason, returnCodeOf } from "./reason-codes.ts";
import { RetainedDelivery } from "./retained-delivery.ts";
import type { Line, Session } from "./session.ts";
import type { Sessions, Will } from "./sessions.ts";
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

/** One client on one transport, from its first byte to its last: its bytes in, its bytes out, its deadlines and its end. */
export class Connection implements Line {
	version: 3 | 4 | 5 = 4;
	maxPacketBytes = Number.POSITIVE_INFINITY;
	window: number = fixedLimits.inflight;
	aliases: OutgoingAliases | undefined;
	readonly connectedAtMs: number;
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
	#terms: Terms | undefined;
	#dialogue: Dialogue | undefined;
	#will: Will | undefined;
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
		this.#retained = new RetainedDelivery(
			tools.core,
			() => this.#outbox.bytes * 2 < (this.session ?? tools.core).limits.queueBytes,
		);
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
			received: this.#dialogue?.received ?? 0,
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
		this.#core.counts.packetsSent++;
		this.#written += frame.length;
		if (this.#outbox.bytes === 0) this.session?.progressed();
		this.#outbox.push(frame);
	}

	release(packetId: number, reason: number): void {
		this.#reply(encodeAcknowledgement(packetType.pubrel, packetId, reason, this));
	}

	get explain(): boolean {
		return this.#terms?.explain === true;
	}

	countSent(): void {
		this.sent++;
		this.#core.counts.sent++;
	}

	overflow(): void {
		if (this.#overflowing) return;
		this.#overflowing = true;
		this.#core.log.warn("A client left too many messages waiting and was disconnected", { client: this.session?.clientId });
		this.#hangUp(Reason.quotaExceeded, "Too many messages waited");
	}

	caughtUp(): void {
		if (this.#retained.pending > 0) this.#retained.pump();
	}

	takenOver(): void {
		this.disconnect(Reason.sessionTakenOver, "Another connection took the session over", { will: true });
	}

	/** Once a second. Source: MQTT 5 §3.1.2.10 (one and a half times the keep alive). */
	check(nowMs: number): void {
		if (this.#state === "closed") return;
		if (this.#state !== "open") {
			if (nowMs - this.#heardAt > fixedLimits.connectSeconds * 1000)
				this.end("no CONNECT came in time", { will: false, cut: true });
			return;
		}
		// Who is not read cannot be heard.
		if (this.#pace.isHeld) {
			this.#heardAt = nowMs;
			this.#partialSince = nowMs;
		}
		const keepAlive = this.#terms?.keepAliveSeconds ?? 0;
		if (this.#reader.pending > 0 && nowMs - this.#partialSince > fixedLimits.packetSeconds * 1000)
			this.disconnect(Reason.unspecified, "A packet was never finished", { will: true });
		else if (keepAlive > 0 && nowMs - this.#heardAt > keepAlive * 1500)
			this.disconnect(Reason.keepAliveTimeout, "Nothing was heard for one and a half keep alives", { will: true });
		else if (nowMs - (this.#dialogue?.owesSince ?? nowMs) > fixedLimits.answerSeconds * 1000)
			this.disconnect(Reason.serverBusy, "What was published could not be stored in time", { will: true });
	}

	/** Later: the caller is in the middle of its work. */
	#hangUp(reason: number, why: string): void {
		this.#core.turn.after(() => this.disconnect(reason, why, { will: true }));
	}

	/** Ends with a DISCONNECT where the version has one. */
	disconnect(reason: number, why: string, about: { will: boolean }): void {
		if (this.#state === "closed") return;
		let last: Buffer | undefined;
		if (this.#state === "open" && this.version === 5)
			last = encodeControl(
				{ cmd: "disconnect", reasonCode: reason, ...(this.explain ? { properties: { reasonString: why } } : {}) },
				5,
			);
		this.end(why, { ...about, last });
	}

	end(why: string, about: { will: boolean; last?: Buffer | undefined; cut?: boolean }): void {
		if (this.#state === "closed") return;
		this.#state = "closed";
		this.#outbox.close();
		this.#retained.stop();
		this.#dialogue?.end();
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
		this.#core.counts.packetsReceived++;
		if (this.#dialogue !== undefined) {
			this.#dialogue.take(bytes, start, body, end);
			this.#pace.share();
			return;
		}
		if ((bytes[start] as number) >> 4 !== 1) throw new ProtocolError(Reason.protocolError, "The first packet must be CONNECT");
		const packet = parseControl(bytes.subarray(start, end), undefined) as IConnectPacket;
		this.#state = "admitting";
		this.version = packet.protocolVersion ?? 4;
		checkConnect(bytes, body, packet);
		this.#admit(packet);
	}

	#reply(frame: Buffer): void {
		if (this.#state !== "open") return;
		this.write(frame);
		this.#pace.answered(frame.length);
	}

	/** The kernel took what was written: what waited may follow. */
	#went(): void {
		if (this.#state !== "open") return;
		const session = this.session as Session;
		session.progressed();
		if (session.isBehind && this.#outbox.bytes * 4 < session.limits.queueBytes) session.pump();
		if (this.#transport.bufferedBytes > 0) return;
		if (this.#retained.pending > 0) this.#retained.pump();
		this.#pace.emptied();
	}

	// ---- admission ----

	#admit(packet: IConnectPacket): void {
		const { core, sessions } = this.#tools;
		this.#pace.hold();
		shakeHands(packet, {
			core,
			sessions,
			transport: this.#transport,
			mayEnter: () => this.#tools.mayEnter(),
			isWaiting: () => this.#state === "admitting",
			admitted: (terms, session, present) => this.#open(packet, terms, session, present),
			refused: (reason, why) => this.#refuse(reason, why),
			failed: (error) => this.#broken(error),
		});
	}

	#open(packet: IConnectPacket, terms: Terms, session: Session, present: boolean): void {
		const { core } = this.#tools;
		this.session = session;
		const { limits } = session;
		this.maxPacketBytes = Math.min(terms.maxPacketBytes, limits.maxPacketBytes);
		this.window = Math.min(terms.window, limits.maxInflight);
		this.#pace.limit(limits);
		this.aliases = terms.aliasMaximum > 0 ? new OutgoingAliases(terms.aliasMaximum) : undefined;
		this.#terms = terms;
		this.#will = terms.will;
		this.#reader.maxBytes = limits.maxPacketBytes;
		this.#state = "open";
		this.#heardAt = core.clock.monotonicMs();
		this.#dialogue = new Dialogue({
			core,
			session,
			terms,
			bridgeMode: (packet as { bridgeMode?: boolean }).bridgeMode === true,
			pace: this.#pace,
			retained: this.#retained,
			reply: (frame) => this.#reply(frame),
			goodbye: (about) => this.end("the client said goodbye", about),
			hangUp: (reason, why) => this.#hangUp(reason, why),
		});
		this.write(encodeControl(connackOf(terms, core, session.rights, present), terms.version));
		session.resume(this);
		this.#tools.opened(this);
		this.#pace.release();
	}

	#refuse(reason: number, why: string): void {
		if (this.#state === "closed") return;
		this.#core.counts.refusedConnections++;
		// MQTT 3.1.1 §4.8: what is broken is not answered.
		const isBroken = this.version < 5 && (reason === Reason.malformed || reason === Reason.protocolError);
		const answer =
			isBroken || (this.#state === "waiting" && reason !== Reason.unsupportedVersion)
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
