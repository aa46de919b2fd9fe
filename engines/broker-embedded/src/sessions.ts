import type { BrokerRights } from "@millwright/core";
import type { BrokerCore } from "./core.ts";
import type { ClientPublish } from "./incoming.ts";
import { PublishGate } from "./incoming.ts";
import { Session } from "./session.ts";
import type { SharedGroup } from "./shared-group.ts";
import { SessionJournal } from "./store/session-journal.ts";

export interface Will extends ClientPublish {
	delaySeconds: number;
}

/** Sessions by principal and client id: two principals with one client id never meet. */
export class Sessions {
	readonly #core: BrokerCore;
	readonly #byKey = new Map<string, Session>();
	readonly #wills = new Map<Session, { will: Will; dueAt: number }>();

	constructor(core: BrokerCore) {
		this.#core = core;
	}

	get size(): number {
		return this.#byKey.size;
	}

	find(principal: string, clientId: string): Session | undefined {
		return this.#byKey.get(`${principal}\n${clientId}`);
	}

	create(rights: BrokerRights, clientId: string): Session {
		if (this.#byKey.size >= this.#core.limits.maxClients) this.#endOldestAway();
		const key = `${rights.principal}\n${clientId}`;
		const core = this.#core;
		const session = new Session(key, clientId, rights, {
			limits: { ...core.limitsOf(rights, clientId) },
			nowMs: () => core.clock.monotonicMs(),
			dropped: () => {
				core.counts.dropped++;
			},
			congested: (one) => core.congested.add(one),
			after: (ms, run) => core.clock.after(ms, run),
		});
		this.#byKey.set(key, session);
		return session;
	}

	/** Says how long a session lasts; one that outlives its connection is kept by the journal from then on. */
	lasts(session: Session, expirySeconds: number): void {
		session.expirySeconds = expirySeconds;
		const { journal } = this.#core;
		if (journal === undefined) return;
		if (expirySeconds === 0) {
			session.leaveJournal();
			return;
		}
		const known = session.journal;
		const own = known ?? new SessionJournal(journal, journal.newSession());
		own.present(session, 0);
		if (known !== undefined) return;
		for (const subscription of session.subscriptions.values()) own.subscribed(subscription);
		for (const packetId of session.incoming.keys()) own.received(packetId);
		session.keepIn(own);
	}

	/** Forgets a session; a will that still waited is published, as its session ends. */
	end(session: Session): void {
		if (this.#byKey.get(session.key) === session) this.#byKey.delete(session.key);
		for (const subscription of session.subscriptions.values()) this.#core.routes.unsubscribe(subscription);
		session.subscriptions.clear();
		session.release();
		this.#core.handOver(session, () => true);
		session.leaveJournal();
		const waiting = this.#wills.get(session);
		if (waiting !== undefined) this.#publishWill(session, waiting.will);
	}

	/** The connection is gone. */
	leave(session: Session, will: Will | undefined): void {
		session.leave();
		session.awaySince = this.#core.clock.monotonicMs();
		if (will === undefined) this.#forgetWill(session);
		else if (will.delaySeconds > 0 && session.expirySeconds > 0)
			this.#wills.set(session, { will, dueAt: session.awaySince + will.delaySeconds * 1000 });
		else this.#publishWill(session, will);
		if (session.expirySeconds === 0) {
			this.end(session);
			return;
		}
		session.journal?.present(session, this.#core.clock.nowMs());
		// Another member that is here need not wait for this one.
		this.#core.handOver(session, hasSomebodyBut(session));
	}

	/** The client is back before its will was due, with another or none. */
	welcome(session: Session, will: Will | undefined): void {
		this.#wills.delete(session);
		const { journal } = this.#core;
		if (journal === undefined) return;
		// Asked now: after a restart nobody knows the client's rights before it is back.
		if (will === undefined || !session.rights.mayPublish(will.topic)) this.#forgetWill(session);
		else {
			session.hasKeptWill = true;
			const { topic, payload, qos, retain, delaySeconds, properties } = will;
			journal.say.will({
				principal: session.rights.principal,
				clientId: session.clientId,
				topic,
				payload,
				qos,
				retain,
				delaySeconds,
				expirySeconds: properties?.expirySeconds ?? Number.POSITIVE_INFINITY,
				forward: properties?.forward ?? Buffer.alloc(0),
			});
		}
	}

	#forgetWill(session: Session): void {
		if (!session.hasKeptWill) return;
		session.hasKeptWill = false;
		this.#core.journal?.say.willGone(session.rights.principal, session.clientId);
	}

	/** A will whose client was connected, or not back in time, when the process ended. */
	restoreWill(session: Session, will: Will): void {
		session.hasKeptWill = true;
		this.#wills.set(session, { will, dueAt: this.#core.clock.monotonicMs() + will.delaySeconds * 1000 });
	}

	endAway(principal: string): void {
		for (const session of [...this.#byKey.values()])
			if (session.line === undefined && session.rights.principal === principal) this.end(session);
	}

	/** Once a second: expired sessions, wills that are due. */
	sweep(nowMs: number): void {
		for (const [session, { will, dueAt }] of [...this.#wills]) if (nowMs >= dueAt) this.#publishWill(session, will);
		for (const session of [...this.#byKey.values()]) {
			if (session.line !== undefined || nowMs < session.awaySince + session.expirySeconds * 1000) continue;
			this.#core.counts.expired++;
			this.end(session);
		}
	}

	/** Messages of QoS 1 and 2 that are under way or wait. */
	get stored(): { messages: number; bytes: number } {
		let messages = 0;
		let bytes = 0;
		for (const session of this.#byKey.values()) {
			messages += session.queuedMessages;
			bytes += session.queuedBytes;
		}
		return { messages, bytes };
	}

	#publishWill(session: Session, will: Will): void {
		this.#wills.delete(session);
		new PublishGate(this.#core, session).accept(will);
		// Together with what the will brought: it is published once.
		this.#forgetWill(session);
	}

	#endOldestAway(): void {
		let oldest: Session | undefined;
		for (const session of this.#byKey.values())
			if (session.line === undefined && (oldest === undefined || session.awaySince < oldest.awaySince)) oldest = session;
		if (oldest === undefined) return;
		this.#core.log.warn("The session that was away longest made room", { client: oldest.clientId });
		this.end(oldest);
	}
}

const hasSomebodyBut =
	(session: Session) =>
	(group: SharedGroup): boolean => {
		for (const member of group.members) if (member.session !== session && member.session.line !== undefined) return true;
		return false;
	};
