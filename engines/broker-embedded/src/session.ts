import type { BrokerRights, Timer } from "@millwright/core";
import type { ClientTalk } from "./client-talk.ts";
import { lower, type Message, type Qos } from "./message.ts";
import { Outgoing } from "./outgoing.ts";
import type { OutgoingAliases } from "./outgoing-aliases.ts";
import { Patience } from "./patience.ts";
import type { ClientLimits } from "./policies.ts";
import type { Target } from "./routes.ts";
import type { SharedGroup } from "./shared-group.ts";
import type { SessionJournal } from "./store/session-journal.ts";

/** The connected side of a session. */
export interface Line {
	readonly version: 3 | 4 | 5;
	/** Largest packet the client takes. */
	readonly maxPacketBytes: number;
	/** Messages of QoS 1 and 2 the client takes at once. */
	readonly window: number;
	/** Numbers that may stand for topics; undefined where the client wants none. */
	readonly aliases: OutgoingAliases | undefined;
	/** Bytes of output that have not reached the kernel. */
	readonly filled: number;
	/** Bytes of output that have, since the connection began. */
	readonly taken: number;
	write(frame: Buffer): void;
	/** PUBREL. */
	release(packetId: number, reason: number): void;
	countSent(): void;
	/** The waiting queue is over its limit: ends the connection. */
	overflow(): void;
	/** The waiting queue is empty again. */
	caughtUp(): void;
	/** Another connection has the session now: ends this one. */
	takenOver(): void;
}

export interface Subscription {
	readonly session: Session;
	/** As the client wrote it; with `$share/<name>/` where it is shared. */
	readonly key: string;
	/** What topics are matched with. */
	readonly filter: string;
	readonly group: SharedGroup | undefined;
	qos: Qos;
	noLocal: boolean;
	retainAsPublished: boolean;
	id: number | undefined;
}

export interface SessionTools {
	/** Of this client; worked out again when it comes back. */
	limits: ClientLimits;
	nowMs(): number;
	dropped(): void;
	/** A client that reads well but cannot follow: whoever publishes QoS 1 now should pause. */
	congested(session: Session): void;
	after(ms: number, run: () => void): Timer;
}

/** What outlives a connection: subscriptions, and messages of QoS 1 and 2 under way or waiting, in both directions. */
export class Session {
	readonly key: string;
	readonly clientId: string;
	rights: BrokerRights;
	readonly subscriptions = new Map<string, Subscription>();
	/** Packet identifiers of QoS 2 the client has not released yet; with a promise where what they brought is not yet stored. */
	readonly incoming = new Map<number, Promise<void> | undefined>();
	readonly outgoing: Outgoing;
	line: Line | undefined;
	/** Seconds it outlives its connection; 0 ends with it, Infinity never expires. */
	expirySeconds = 0;
	/** Monotonic ms since when nobody is connected. */
	awaySince = 0;
	dropped = 0;
	/** The journal remembers a will of it. */
	hasKeptWill = false;
	/** What is remembered of it for who wants to see who talks to whom. */
	conversation: ClientTalk | undefined;
	readonly #patience: Patience;
	readonly #tools: SessionTools;
	#journal: SessionJournal | undefined;

	constructor(key: string, clientId: string, rights: BrokerRights, tools: SessionTools) {
		this.key = key;
		this.clientId = clientId;
		this.rights = rights;
		this.#tools = tools;
		this.#patience = new Patience({
			limits: tools.limits,
			nowMs: tools.nowMs,
			after: tools.after,
			progress: () => ({ acknowledged: this.outgoing.acknowledged, taken: this.line?.taken ?? 0 }),
		});
		this.outgoing = new Outgoing({
			limits: tools.limits,
			nowMs: tools.nowMs,
			dropped: () => this.drop(),
			caughtUp: (line) => this.#caughtUp(line),
			crowded: () => {
				if (this.#patience.isWorthWaiting) tools.congested(this);
			},
			isLasting: () => this.expirySeconds > 0,
		});
	}

	/** Set while the session is one that survives the process. */
	get journal(): SessionJournal | undefined {
		return this.#journal;
	}

	keepIn(journal: SessionJournal): void {
		this.#journal = journal;
		this.outgoing.keepIn(journal);
	}

	leaveJournal(): void {
		this.#journal?.ended();
		this.#journal = undefined;
		this.outgoing.leaveJournal();
	}

	/** Restored from the journal: what it holds is known there. */
	keptIn(journal: SessionJournal): void {
		this.#journal = journal;
		this.outgoing.journal = journal;
	}

	get queuedMessages(): number {
		return this.outgoing.messages;
	}

	get waitingMessages(): number {
		return this.outgoing.waiting;
	}

	get queuedBytes(): number {
		return this.outgoing.bytes;
	}

	get limits(): ClientLimits {
		return this.#tools.limits;
	}

	/** Something waits for it: messages, or publishers. */
	get isBehind(): boolean {
		return this.#patience.isTried || this.outgoing.waiting > 0;
	}

	/** Would it take another message without waiting? */
	get hasRoom(): boolean {
		const { line } = this;
		return line !== undefined && this.outgoing.messages < line.window && line.filled * 2 < this.#tools.limits.queueBytes;
	}

	deliver(message: Message, target: Target): void {
		if (target.noLocal && message.publisher === this) return;
		const qos = lower(message.qos, target.qos);
		this.send(message, qos, target.retainAsPublished && message.retain, target.ids, undefined);
	}

	send(message: Message, qos: Qos, retain: boolean, ids: readonly number[] | undefined, group: SharedGroup | undefined): void {
		if (qos === 0) this.#sendNow(message, retain, ids);
		else this.outgoing.enqueue({ message, qos, retain, ids, group, order: 0, released: false });
	}

	#sendNow(message: Message, retain: boolean, ids: readonly number[] | undefined): void {
		const line = this.line;
		if (line === undefined) return;
		const { filled, aliases } = line;
		const { queueBytes } = this.#tools.limits;
		if (filled >= queueBytes) {
			this.drop();
			if (this.limits.onSlow === "disconnect") line.overflow();
			return;
		}
		if (filled * 2 > queueBytes && this.#patience.isWorthWaiting) this.#tools.congested(this);
		const frame = message.frame({
			version: line.version,
			qos: 0,
			retain,
			packetId: 0,
			dup: false,
			ids,
			nowMs: this.#tools.nowMs(),
			aliases,
		});
		if (frame.length > line.maxPacketBytes) {
			this.drop();
			return;
		}
		line.countSent();
		line.write(frame);
		if (aliases !== undefined) aliases.wrote(message.topic);
	}

	acknowledge(packetId: number): void {
		this.#patience.progressed();
		this.outgoing.acknowledge(packetId);
	}

	/** The client has read something, or everything is read and more begins. */
	progressed(): void {
		this.#patience.progressed();
	}

	pump(): void {
		this.outgoing.pump();
	}

	#caughtUp(line: Line): void {
		if (!this.outgoing.isOver(1 / 4) && line.filled * 4 < this.limits.queueBytes) this.#patience.caughtUp();
	}

	/** Keeps a publisher waiting while this client reads well, and `patienceMs` when it does not. */
	hold(goOn: () => void, patienceMs: number): void {
		this.#patience.hold(goOn, patienceMs);
	}

	/** Lets held publishers go on. */
	release(): void {
		this.#patience.release();
	}

	resume(line: Line): void {
		this.line = line;
		this.#patience.progressed();
		this.outgoing.resume(line);
	}

	/** The connection is gone. */
	leave(): void {
		this.line = undefined;
		this.outgoing.pause();
		this.release();
	}

	drop(): void {
		this.dropped++;
		this.#tools.dropped();
	}
}
