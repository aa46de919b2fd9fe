import type { BrokerRights } from "@millwright/core";
import type { BrokerCore } from "./core.ts";
import type { ClientPublish } from "./incoming.ts";
import { PublishGate } from "./incoming.ts";
import { Session } from "./session.ts";

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
			limits: core.limits,
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

	/** Forgets a session; a will that still waited is published, as its session ends. */
	end(session: Session): void {
		if (this.#byKey.get(session.key) === session) this.#byKey.delete(session.key);
		for (const subscription of session.subscriptions.values()) this.#core.routes.unsubscribe(subscription);
		session.subscriptions.clear();
		session.release();
		const waiting = this.#wills.get(session);
		if (waiting !== undefined) this.#publishWill(session, waiting.will);
	}

	/** The connection is gone. */
	leave(session: Session, will: Will | undefined): void {
		session.line = undefined;
		session.awaySince = this.#core.clock.monotonicMs();
		session.release();
		if (will !== undefined) {
			if (will.delaySeconds > 0 && session.expirySeconds > 0)
				this.#wills.set(session, { will, dueAt: session.awaySince + will.delaySeconds * 1000 });
			else this.#publishWill(session, will);
		}
		if (session.expirySeconds === 0) this.end(session);
	}

	/** The client is back before its will was due. */
	cancelWill(session: Session): void {
		this.#wills.delete(session);
	}

	endAway(principal: string): void {
		for (const session of [...this.#byKey.values()])
			if (session.line === undefined && session.rights.principal === principal) this.end(session);
	}

	/** Once a second: expired sessions, wills that are due. */
	sweep(nowMs: number): void {
		for (const [session, { will, dueAt }] of [...this.#wills]) if (nowMs >= dueAt) this.#publishWill(session, will);
		for (const session of this.#byKey.values()) {
			if (session.line === undefined && nowMs >= session.awaySince + session.expirySeconds * 1000) this.end(session);
		}
	}

	#publishWill(session: Session, will: Will): void {
		this.#wills.delete(session);
		new PublishGate(this.#core, session).accept(will);
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
