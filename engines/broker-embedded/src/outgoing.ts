import { Fifo } from "./fifo.ts";
import { fixedLimits } from "./limits.ts";
import type { Message } from "./message.ts";
import type { ClientLimits } from "./policies.ts";
import { ProtocolError, Reason } from "./reason-codes.ts";
import type { Line } from "./session.ts";
import type { SharedGroup } from "./shared-group.ts";
import type { SessionJournal } from "./store/session-journal.ts";

/** One message of QoS 1 or 2 on its way to one session. */
export interface Queued {
	readonly message: Message;
	readonly qos: 1 | 2;
	readonly retain: boolean;
	readonly ids: readonly number[] | undefined;
	/** The shared subscription it came by: another member may take it over. */
	readonly group: SharedGroup | undefined;
	/** Its number in the session's journal; 0 where it is not kept. */
	order: number;
	/** QoS 2: the client has it (PUBREC), and only the release is still to be confirmed. */
	released: boolean;
}

export interface OutgoingTools {
	limits: ClientLimits;
	nowMs(): number;
	dropped(): void;
	caughtUp(line: Line): void;
	/** More waits than half of what may. */
	crowded(): void;
	/** Lasts the session, so that messages may wait for its client? */
	isLasting(): boolean;
}

/**
 * Messages of QoS 1 and 2 for one session: under way to the client, or waiting for its window, its queue or its return.
 * Where the session is journalled, a packet of QoS 2 leaves only when the journal knows of it: after a crash the same message
 * must go on under the same identifier. Source: MQTT 5 §4.3, §4.4, §4.6.
 */
export class Outgoing {
	readonly #tools: OutgoingTools;
	readonly #inflight = new Map<number, Queued>();
	readonly #waiting = new Fifo<Queued>();
	#waitingBytes = 0;
	#nextPacketId = 1;
	#line: Line | undefined;
	/** What was under way before a reconnect has gone again; nothing may overtake it. */
	#isResumed = false;
	acknowledged = 0;
	journal: SessionJournal | undefined;

	constructor(tools: OutgoingTools) {
		this.#tools = tools;
	}

	get waiting(): number {
		return this.#waiting.length;
	}

	get messages(): number {
		return this.#waiting.length + this.#inflight.size;
	}

	get bytes(): number {
		return this.#waitingBytes;
	}

	enqueue(queued: Queued): void {
		const { message } = queued;
		message.own();
		const line = this.#line;
		if (line !== undefined && this.#waiting.length === 0 && this.#mayGo(line)) {
			this.#keep(queued);
			this.#sendFirst(line, queued);
			return;
		}
		const { onSlow } = this.#tools.limits;
		const { bytes } = message;
		if (onSlow === "drop-oldest") this.#makeRoom(bytes);
		if (!this.#hasPlace(bytes)) {
			this.#tools.dropped();
			if (onSlow === undefined || onSlow === "disconnect") line?.overflow();
			return;
		}
		if (line === undefined && !this.#tools.isLasting()) return;
		this.#keep(queued);
		this.#waiting.push(queued);
		this.#waitingBytes += bytes;
		if (line !== undefined && this.isOver(1 / 2)) this.#tools.crowded();
	}

	#hasPlace(bytes: number): boolean {
		const { queueMessages, queueBytes } = this.#tools.limits;
		return this.#waiting.length < queueMessages && this.#waitingBytes + bytes <= queueBytes * fixedLimits.waitingFactor;
	}

	/** What has waited longest goes first. */
	#makeRoom(bytes: number): void {
		while (this.#waiting.length > 0 && !this.#hasPlace(bytes)) {
			const oldest = this.#waiting.shift() as Queued;
			this.#waitingBytes -= oldest.message.bytes;
			this.#forget(oldest);
			this.#tools.dropped();
		}
	}

	/** Is more than this share of what may wait waiting? */
	isOver(share: number): boolean {
		const { queueMessages, queueBytes } = this.#tools.limits;
		return this.#waiting.length > queueMessages * share || this.#waitingBytes > queueBytes * fixedLimits.waitingFactor * share;
	}

	#keep(queued: Queued): void {
		if (this.journal !== undefined) queued.order = this.journal.queued(queued);
	}

	#mayGo(line: Line): boolean {
		return this.#isResumed && this.#inflight.size < line.window && line.filled < this.#tools.limits.queueBytes;
	}

	#sendFirst(line: Line, queued: Queued): void {
		if (queued.message.isExpired(this.#tools.nowMs())) {
			this.#forget(queued);
			return;
		}
		const packetId = this.#freePacketId();
		this.#inflight.set(packetId, queued);
		this.journal?.sent(queued, packetId);
		if (queued.qos === 2 && this.journal !== undefined)
			this.journal.after(() => {
				if (this.#line === line && this.#inflight.get(packetId) === queued) this.#write(line, packetId, queued, false);
			});
		else this.#write(line, packetId, queued, false);
	}

	#write(line: Line, packetId: number, queued: Queued, dup: boolean): void {
		const { message, qos, retain, ids } = queued;
		const { version } = line;
		// Clients that keep a message of QoS 2 until PUBREL have been seen to forget the topic its number stands for.
		const aliases = qos === 2 ? undefined : line.aliases;
		const frame = message.frame({ version, qos, retain, packetId, dup, ids, nowMs: this.#tools.nowMs(), aliases });
		// MQTT 5 §3.1.2.11.4: what is too large for the client counts as delivered.
		if (frame.length > line.maxPacketBytes) {
			this.#tools.dropped();
			this.#inflight.delete(packetId);
			this.#forget(queued);
			return;
		}
		line.countSent();
		line.write(frame);
		aliases?.wrote(message.topic);
	}

	#forget(queued: Queued): void {
		if (queued.order > 0) this.journal?.done(queued);
	}

	#freePacketId(): number {
		let id = this.#nextPacketId;
		while (this.#inflight.has(id)) id = id === 65_535 ? 1 : id + 1;
		this.#nextPacketId = id === 65_535 ? 1 : id + 1;
		return id;
	}

	/** PUBACK. */
	acknowledge(packetId: number): void {
		const queued = this.#inflight.get(packetId);
		if (queued?.qos === 2) throw new ProtocolError(Reason.protocolError, "PUBACK for a message of QoS 2");
		if (queued !== undefined) this.#finish(packetId, queued);
	}

	/** PUBREC. A refusal ends the message; anything else is answered with PUBREL. */
	received(packetId: number, reason: number): void {
		const line = this.#line;
		const queued = this.#inflight.get(packetId);
		if (queued?.qos === 1) throw new ProtocolError(Reason.protocolError, "PUBREC for a message of QoS 1");
		if (queued === undefined) {
			line?.release(packetId, Reason.packetIdNotFound);
			return;
		}
		if (reason >= 0x80) {
			this.#finish(packetId, queued);
			return;
		}
		if (!queued.released) {
			queued.released = true;
			this.journal?.released(queued);
		}
		if (this.journal === undefined) line?.release(packetId, Reason.success);
		else
			this.journal.after(() => {
				if (this.#line === line) line?.release(packetId, Reason.success);
			});
	}

	/** PUBCOMP. */
	complete(packetId: number): void {
		const queued = this.#inflight.get(packetId);
		if (queued?.qos === 2 && queued.released) this.#finish(packetId, queued);
	}

	#finish(packetId: number, queued: Queued): void {
		this.#inflight.delete(packetId);
		this.#forget(queued);
		this.acknowledged++;
		this.pump();
	}

	/** Sends what waited, as far as the client's window and queue allow. */
	pump(): void {
		const line = this.#line;
		if (line === undefined) return;
		while (this.#waiting.length > 0 && this.#mayGo(line)) {
			const next = this.#waiting.shift() as Queued;
			this.#waitingBytes -= next.message.bytes;
			this.#sendFirst(line, next);
		}
		this.#tools.caughtUp(line);
		if (this.#waiting.length === 0) {
			this.#waitingBytes = 0;
			line.caughtUp();
		}
	}

	/** After a reconnect: what was under way goes again, marked as a repetition, then what waited. */
	resume(line: Line): void {
		this.#line = line;
		this.#isResumed = false;
		const again = (): void => {
			if (this.#line !== line) return;
			for (const [packetId, queued] of [...this.#inflight])
				if (queued.released) line.release(packetId, Reason.success);
				else this.#write(line, packetId, queued, true);
			this.#isResumed = true;
			this.pump();
		};
		if (this.journal === undefined) again();
		else this.journal.after(again);
	}

	/** The connection is gone. */
	pause(): void {
		this.#line = undefined;
	}

	/** Takes out what another member of its shared subscription may be given instead. Source: MQTT 5 §4.8.2. */
	takeShared(mayGo: (group: SharedGroup) => boolean): Queued[] {
		const taken: Queued[] = [];
		// Of QoS 2 only this client may still get it.
		for (const [packetId, queued] of this.#inflight)
			if (queued.group !== undefined && queued.qos === 1 && mayGo(queued.group)) {
				this.#inflight.delete(packetId);
				taken.push(queued);
			}
		this.#sift((queued) => queued.group === undefined || !mayGo(queued.group), taken);
		for (const queued of taken) this.#forget(queued);
		return taken;
	}

	/** Drops what the client may no longer see. */
	withhold(mayReceive: (topic: string) => boolean): void {
		const gone: Queued[] = [];
		for (const [packetId, queued] of this.#inflight)
			if (!queued.released && !mayReceive(queued.message.topic)) {
				this.#inflight.delete(packetId);
				gone.push(queued);
			}
		this.#sift((queued) => mayReceive(queued.message.topic), gone);
		for (const queued of gone) this.#forget(queued);
	}

	#sift(stays: (queued: Queued) => boolean, gone: Queued[]): void {
		const all: Queued[] = [];
		for (let one = this.#waiting.shift(); one !== undefined; one = this.#waiting.shift()) all.push(one);
		this.#waitingBytes = 0;
		for (const one of all)
			if (stays(one)) {
				this.#waiting.push(one);
				this.#waitingBytes += one.message.bytes;
			} else gone.push(one);
	}

	/** The journal has forgotten the session. */
	leaveJournal(): void {
		const { journal } = this;
		if (journal === undefined) return;
		for (const queued of this.#inflight.values()) journal.abandon(queued);
		this.#sift((queued) => {
			journal.abandon(queued);
			return true;
		}, []);
		this.journal = undefined;
	}

	/** As the journal remembered it. */
	restore(inflight: readonly [packetId: number, Queued][], waiting: readonly Queued[]): void {
		for (const [packetId, queued] of inflight) {
			this.#inflight.set(packetId, queued);
			this.#nextPacketId = packetId === 65_535 ? 1 : packetId + 1;
		}
		for (const queued of waiting) {
			this.#waiting.push(queued);
			this.#waitingBytes += queued.message.bytes;
		}
	}

	/** From now on the session is journalled; what it holds already is told. */
	keepIn(journal: SessionJournal): void {
		this.journal = journal;
		for (const [packetId, queued] of this.#inflight) {
			queued.order = journal.queued(queued);
			journal.sent(queued, packetId);
			if (queued.released) journal.released(queued);
		}
		this.#sift((queued) => {
			queued.order = journal.queued(queued);
			return true;
		}, []);
	}
}
