import type { BrokerRights } from "@millwright/core";
import type { IConnectPacket } from "mqtt-packet";
import { authenticate, type Terms, termsOf } from "./admission.ts";
import type { BrokerCore } from "./core.ts";
import { ProtocolError, Reason } from "./reason-codes.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { Transport } from "./transport.ts";

export interface HandshakeTools {
	core: BrokerCore;
	sessions: Sessions;
	transport: Transport;
	/** Refuses when the house is full. */
	mayEnter(): boolean;
	/** Still there, and not yet admitted? */
	isWaiting(): boolean;
	admitted(terms: Terms, session: Session, present: boolean, packet: IConnectPacket): void;
	refused(reason: number, why: string): void;
	failed(error: unknown): void;
}

/** From CONNECT to a session: who it is, whether it may enter, and what it has from before. Throws where the terms are wrong. */
export function shakeHands(packet: IConnectPacket, tools: HandshakeTools): void {
	const { core } = tools;
	const terms = termsOf(packet, core);
	if (!tools.mayEnter()) throw new ProtocolError(Reason.serverBusy, "Too many clients");
	authenticate(core, packet, terms, tools.transport).then(
		(rights) => decide(packet, terms, rights, tools),
		(error: unknown) => {
			core.log.error("Authentication failed to answer", { client: terms.clientId, error: String(error) });
			tools.refused(Reason.serverUnavailable, "Nobody could be asked");
		},
	);
}

function decide(packet: IConnectPacket, terms: Terms, rights: BrokerRights | undefined, tools: HandshakeTools): void {
	if (!tools.isWaiting()) return;
	if (rights === undefined) {
		const anonymous = packet.username === undefined && packet.password === undefined;
		tools.refused(anonymous ? Reason.notAuthorized : Reason.badUserOrPassword, "Not authorized");
		return;
	}
	try {
		// Others may have come in while this one was looked up.
		if (!tools.mayEnter()) throw new ProtocolError(Reason.serverBusy, "Too many clients");
		const { core } = tools;
		const isBack = tools.sessions.find(rights.principal, terms.clientId)?.line !== undefined;
		const others = (core.present.get(rights.principal) ?? 0) - (isBack ? 1 : 0);
		if (others >= core.limitsOf(rights, terms.clientId).maxConnections)
			throw new ProtocolError(Reason.quotaExceeded, "As many connections as this principal may have");
		if (tools.core.journal?.isOverwhelmed) throw new ProtocolError(Reason.serverBusy, "The disk has no room");
		const { session, present } = sessionFor(terms, rights, tools);
		const admit = (): void => {
			if (!tools.isWaiting()) return;
			try {
				// Another connection of the client may have come meanwhile, and may have begun anew.
				if (tools.sessions.find(rights.principal, terms.clientId) !== session)
					throw new ProtocolError(Reason.sessionTakenOver, "Another connection took the session over");
				takeOver(session);
				tools.admitted(terms, session, present, packet);
			} catch (error) {
				tools.failed(error);
			}
		};
		// What CONNACK says of the session must still be true after a crash; a disk that refuses keeps nobody out.
		if (session.journal === undefined || tools.core.journal?.refusal !== undefined) admit();
		else session.journal.after(admit);
	} catch (error) {
		tools.failed(error);
	}
}

function takeOver(session: Session): void {
	session.line?.takenOver();
}

function sessionFor(
	terms: Terms,
	rights: BrokerRights,
	{ core, sessions }: HandshakeTools,
): { session: Session; present: boolean } {
	let session = sessions.find(rights.principal, terms.clientId);
	if (session !== undefined) takeOver(session);
	// Taking over may have ended it.
	session = sessions.find(rights.principal, terms.clientId);
	if (session !== undefined && terms.clean) {
		sessions.end(session);
		session = undefined;
	}
	const present = session !== undefined;
	session ??= sessions.create(rights, terms.clientId);
	session.rights = rights;
	Object.assign(session.limits, core.limitsOf(rights, terms.clientId));
	session.conversation = core.conversations.of(terms.clientId, rights.principal);
	if (present) recheck(core, session);
	sessions.lasts(session, terms.expirySeconds);
	sessions.welcome(session, terms.will);
	return { session, present };
}

/** Rights may have changed while the client was away. */
function recheck(core: BrokerCore, session: Session): void {
	for (const subscription of [...session.subscriptions.values()]) {
		if (session.rights.maySubscribe(subscription.filter)) core.routes.invalidate(subscription.filter);
		else {
			session.subscriptions.delete(subscription.key);
			core.routes.unsubscribe(subscription);
			session.journal?.unsubscribed(subscription.key);
		}
	}
	session.outgoing.withhold((topic) => session.rights.mayReceive(topic));
}
