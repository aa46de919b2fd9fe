import type { BrokerRights, Timer } from "@millwright/core";
import { Fifo } from "./fifo.ts";
import type { BrokerLimits } from "./limits.ts";
import { fixedLimits } from "./limits.ts";
import type { Message } from "./message.ts";
import type { Target } from "./routes.ts";

/** The connected side of a session. */
export interface Line {
	readonly version: 3 | 4 | 5;
	/** Largest packet the client takes. */
	readonly maxPacketBytes: number;
	/** QoS 1 messages the client takes at once. */
	readonly window: number;
	/** Bytes of output that have not reached the kernel. */
	readonly filled: number;
	/** Bytes of output that have, since the connection began. */
	readonly taken: number;
	write(frame: Buffer): void;
	countSent(): void;
	/** The waiting queue is over its limit: ends the connection. */
	overflow(): void;
	/** The waiting queue is empty again. */
	caughtUp(): void;
}

export interface Subscription {
	readonly session: Session;
	readonly filter: string;
	qos: 0 | 1;
	noLocal: boolean;
	retainAsPublished: boolean;
	id: number | undefined;
}

interface Queued {
	message: Message;
	retain: boolean;
	ids: readonly number[] | undefined;
}

export interface SessionTools {
	limits: BrokerLimits;
	nowMs(): number;
	dropped(): void;
	/** A client that reads well but cannot follow: whoever publishes QoS 1 now should pause. */
	congested(session: Session): void;
	after(ms: number, run: () => void): Timer;
}

/** How often it is measured whether a subscriber still reads: a hundredth of its queue in this time is worth waiting for. */
const paceMs = 50;
/** Reading nothing for so long while its queue fills is being frozen. */
const frozenMs = 250;

/** What outlives a connection: subscriptions, and QoS 1 messages under way or waiting. */
export class Session {
	readonly key: string;
	readonly clientId: string;
	rights: BrokerRights;
	readonly subscriptions = new Map<string, Subscription>();
	line: Line | undefined;
	/** Seconds it outlives its connection; 0 ends with it, Infinity never expires. */
	expirySeconds = 0;
	/** Monotonic ms since when nobody is connected. */
	awaySince = 0;
	dropped = 0;
	/** Publishers held until this session has caught up. */
	readonly #held = new Map<() => void, number>();
	#patience: Timer | undefined;
	/** It does not read at a pace worth waiting for; nobody waits for it until it has caught up. */
	#stalled = false;
	#inflight = new Map<number, Queued>();
	#waiting = new Fifo<Queued>();
	#waitingBytes = 0;
	#nextPacketId = 1;
	#acknowledged = 0;
	/** Monotonic ms of the last proof that it reads. */
	#progressAt = 0;
	readonly #tools: SessionTools;

	constructor(key: string, clientId: string, rights: BrokerRights, tools: SessionTools) {
		this.key = key;
		this.clientId = clientId;
		this.rights = rights;
		this.#tools = tools;
	}

	get queuedMessages(): number {
		return this.#waiting.length + this.#inflight.size;
	}

	get waitingMessages(): number {
		return this.#waiting.length;
	}

	/** Something waits for it: messages, or publishers. */
	get isBehind(): boolean {
		return this.#stalled || this.#held.size > 0 || this.#waiting.length > 0;
	}

	get queuedBytes(): number {
		return this.#waitingBytes;
	}

	deliver(message: Message, target: Target): void {
		if (target.noLocal && message.publisher === this) return;
		this.send(message, (message.qos & target.qos) as 0 | 1, target.retainAsPublished && message.retain, target.ids);
	}

	send(message: Message, qos: 0 | 1, retain: boolean, ids: readonly number[] | undefined): void {
		if (qos === 0) this.#sendNow(message, retain, ids);
		else this.#enqueue({ message, retain, ids });
	}

	#sendNow(message: Message, retain: boolean, ids: readonly number[] | undefined): void {
		const line = this.line;
		if (line === undefined) return;
		const { filled } = line;
		const { queueBytes } = this.#tools.limits;
		if (filled >= queueBytes) {
			this.drop();
			return;
		}
		if (filled * 2 > queueBytes && this.#isWorthWaiting()) this.#tools.congested(this);
		const frame = message.frame({
			version: line.version,
			qos: 0,
			retain,
			packetId: 0,
			dup: false,
			ids,
			nowMs: this.#tools.nowMs(),
		});
		if (frame.length > line.maxPacketBytes) {
			this.drop();
			return;
		}
		line.countSent();
		line.write(frame);
	}

	#enqueue(queued: Queued): void {
		queued.message.own();
		const line = this.line;
		if (line !== undefined && this.#waiting.length === 0 && this.#inflight.size < line.window && this.#hasRoom(line)) {
			this.#sendFirst(line, queued);
			return;
		}
		const { queueMessages, queueBytes } = this.#tools.limits;
		const bytes = queued.message.bytes;
		const full = this.#waiting.length >= queueMessages || this.#waitingBytes + bytes > queueBytes * fixedLimits.waitingFactor;
		if (full) {
			this.drop();
			line?.overflow();
			return;
		}
		if (line === undefined && this.expirySeconds === 0) return;
		this.#waiting.push(queued);
		this.#waitingBytes += bytes;
		if (line !== undefined && this.#waiting.length * 2 > queueMessages && this.#isWorthWaiting()) this.#tools.congested(this);
	}

	#sendFirst(line: Line, queued: Queued): void {
		const nowMs = this.#tools.nowMs();
		if (queued.message.isExpired(nowMs)) return;
		const packetId = this.#freePacketId();
		const { message, retain, ids } = queued;
		const frame = message.frame({ version: line.version, qos: 1, retain, packetId, dup: false, ids, nowMs });
		// MQTT 5 §3.1.2.11.4: what is too large for the client counts as delivered.
		if (frame.length > line.maxPacketBytes) {
			this.drop();
			return;
		}
		this.#inflight.set(packetId, queued);
		line.countSent();
		line.write(frame);
	}

	#hasRoom(line: Line): boolean {
		return line.filled < this.#tools.limits.queueBytes;
	}

	#freePacketId(): number {
		let id = this.#nextPacketId;
		while (this.#inflight.has(id)) id = id === 65_535 ? 1 : id + 1;
		this.#nextPacketId = id === 65_535 ? 1 : id + 1;
		return id;
	}

	acknowledge(packetId: number): void {
		if (!this.#inflight.delete(packetId)) return;
		this.#acknowledged++;
		this.progressed();
		this.pump();
	}

	/** The client has read something, or everything is read and more begins. */
	progressed(): void {
		this.#progressAt = this.#tools.nowMs();
	}

	/** Whose queue filled up in a moment may empty it in another; who has read nothing meanwhile is frozen. */
	#isWorthWaiting(): boolean {
		return !this.#stalled && this.#tools.nowMs() - this.#progressAt < frozenMs;
	}

	/** Sends what waited, as far as the client's window and queue allow. */
	pump(): void {
		const line = this.line;
		if (line === undefined) return;
		while (this.#waiting.length > 0 && this.#inflight.size < line.window && this.#hasRoom(line)) {
			const next = this.#waiting.shift() as Queued;
			this.#waitingBytes -= next.message.bytes;
			this.#sendFirst(line, next);
		}
		const { queueMessages, queueBytes } = this.#tools.limits;
		if (this.#waiting.length * 4 < queueMessages && line.filled * 4 < queueBytes) {
			this.#stalled = false;
			if (this.#held.size > 0) this.release();
		}
		if (this.#waiting.length === 0) {
			this.#waitingBytes = 0;
			line.caughtUp();
		}
	}

	/** Keeps a publisher waiting while this client reads well, and `patienceMs` when it does not. */
	hold(goOn: () => void, patienceMs: number): void {
		this.#held.set(goOn, patienceMs);
		if (this.#patience === undefined) this.#watchPace(0);
	}

	#watchPace(waitedMs: number): void {
		const { queueMessages, queueBytes } = this.#tools.limits;
		const acknowledged = this.#acknowledged;
		const taken = this.line?.taken ?? 0;
		this.#patience = this.#tools.after(paceMs, () => {
			this.#patience = undefined;
			const messages = this.#acknowledged - acknowledged;
			const bytes = (this.line?.taken ?? taken) - taken;
			if (messages * 100 >= queueMessages || bytes * 100 >= queueBytes) this.#watchPace(0);
			else this.#losePatience(waitedMs + paceMs);
		});
	}

	#losePatience(waitedMs: number): void {
		for (const [goOn, patienceMs] of this.#held)
			if (patienceMs <= waitedMs) {
				this.#held.delete(goOn);
				goOn();
			}
		if (this.#held.size > 0) this.#watchPace(waitedMs);
		else this.#stalled = true;
	}

	/** Lets held publishers go on. */
	release(): void {
		this.#patience?.cancel();
		this.#patience = undefined;
		for (const goOn of this.#held.keys()) goOn();
		this.#held.clear();
	}

	/** After a reconnect: what was under way goes again, marked as a repetition, then what waited. */
	resume(line: Line): void {
		this.line = line;
		this.progressed();
		const nowMs = this.#tools.nowMs();
		for (const [packetId, { message, retain, ids }] of this.#inflight) {
			const frame = message.frame({ version: line.version, qos: 1, retain, packetId, dup: true, ids, nowMs });
			if (frame.length > line.maxPacketBytes) this.#inflight.delete(packetId);
			else {
				line.countSent();
				line.write(frame);
			}
		}
		this.pump();
	}

	drop(): void {
		this.dropped++;
		this.#tools.dropped();
	}
}
