import type { BrokerRights, Clock } from "@millwright/core";
import type { BrokerCore } from "./core.ts";
import { Message } from "./message.ts";
import type { Queued } from "./outgoing.ts";
import type { Session, Subscription } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import { shareOf } from "./shared-group.ts";
import type { Journal } from "./store/journal.ts";
import { type EntryState, inflightOf, type KeptState, type SessionState, waitingOf } from "./store/kept-state.ts";
import type { KeptMessage, KeptWill } from "./store/records.ts";
import { SessionJournal } from "./store/session-journal.ts";

/**
 * Rights of a client that is not back yet. What is queued for it is looked through with its real rights when it comes, before
 * any of it leaves; a will was allowed when it was given.
 */
const awaited = (principal: string): BrokerRights => ({
	principal,
	mayPublish: () => true,
	maySubscribe: () => true,
	mayReceive: () => true,
});

/** Steady ms at which a moment of the wall clock will be, or was. */
const steady = (clock: Clock, wallMs: number): number =>
	wallMs === Number.POSITIVE_INFINITY ? wallMs : clock.monotonicMs() + wallMs - clock.nowMs();

function messageOf(kept: KeptMessage, clock: Clock): Message {
	const message = new Message({
		topic: kept.topic,
		payload: kept.payload,
		qos: kept.qos,
		retain: kept.retain,
		keep: "now",
		...(kept.clientId === "" && kept.principal === "" ? {} : { source: { id: kept.clientId, principal: kept.principal } }),
		expiresAt: steady(clock, kept.expiresAtMs),
		forward: kept.forward,
	});
	message.stored = kept.number;
	return message;
}

/** Everything the journal remembers, as it was: sessions away since their connection or the process ended, and what is retained. */
export function restore({
	state,
	core,
	sessions,
	journal,
}: {
	state: KeptState;
	core: BrokerCore;
	sessions: Sessions;
	journal: Journal;
}): void {
	const { clock } = core;
	const messages = new Map<number, Message>();
	for (const [number, { message }] of state.messages) messages.set(number, messageOf(message, clock));
	for (const number of state.retains.values()) {
		const message = messages.get(number);
		if (message !== undefined) core.restoreRetained(message);
	}
	for (const kept of state.sessions.values()) restoreSession(kept, messages, { core, sessions, journal });
	for (const will of state.wills.values()) restoreWill(will, core, sessions);
}

function restoreSession(
	kept: SessionState,
	messages: ReadonlyMap<number, Message>,
	{ core, sessions, journal }: { core: BrokerCore; sessions: Sessions; journal: Journal },
): void {
	const session = sessions.create(awaited(kept.principal), kept.clientId);
	const { clock } = core;
	session.expirySeconds = kept.expirySeconds;
	session.awaySince = kept.awayMs === 0 ? clock.monotonicMs() : steady(clock, kept.awayMs);
	const orders = [...kept.entries.keys()];
	const own = new SessionJournal(
		journal,
		kept.number,
		orders.reduce((a, b) => Math.max(a, b), 0),
	);
	session.keptIn(own);
	for (const packetId of kept.incoming) session.incoming.set(packetId, undefined);
	for (const { key, qos, noLocal, retainAsPublished, id } of kept.subscriptions.values()) {
		const share = shareOf(key);
		const subscription: Subscription = {
			session,
			key,
			filter: share?.filter ?? key,
			group: share === undefined ? undefined : core.routes.groups.of(key),
			qos,
			noLocal,
			retainAsPublished,
			id: id === 0 ? undefined : id,
		};
		session.subscriptions.set(key, subscription);
		core.routes.subscribe(subscription);
	}
	const queuedOf = ({ message: number, qos, retain, ids, group, order, released }: EntryState): Queued | undefined => {
		const message = messages.get(number);
		if (message === undefined) return undefined;
		journal.reuse(message);
		return {
			message,
			qos,
			retain,
			ids: ids.length === 0 ? undefined : ids,
			group: group === "" ? undefined : core.routes.groups.of(group),
			order,
			released,
		};
	};
	const inflight: [number, Queued][] = [];
	for (const entry of inflightOf(kept)) {
		const queued = queuedOf(entry);
		if (queued !== undefined) inflight.push([entry.packetId, queued]);
	}
	session.outgoing.restore(
		inflight,
		waitingOf(kept)
			.map(queuedOf)
			.filter((queued) => queued !== undefined),
	);
	// It was connected when the process ended: from now on it is away.
	if (kept.awayMs === 0) own.present(session, clock.nowMs());
}

function restoreWill(kept: KeptWill, core: BrokerCore, sessions: Sessions): void {
	const { topic, payload, qos, retain, delaySeconds, expirySeconds, forward } = kept;
	let session: Session | undefined = sessions.find(kept.principal, kept.clientId);
	if (session === undefined) {
		// Its session ended with the process: the will is due.
		session = sessions.create(awaited(kept.principal), kept.clientId);
		session.awaySince = core.clock.monotonicMs();
	}
	sessions.restoreWill(session, {
		topic,
		payload,
		qos,
		retain,
		delaySeconds,
		properties: {
			topicAlias: undefined,
			expirySeconds: expirySeconds === Number.POSITIVE_INFINITY ? undefined : expirySeconds,
			responseTopic: false,
			forward,
		},
	});
}
