import type { ISubscribePacket } from "mqtt-packet";
import type { BrokerCore } from "./core.ts";
import { fixedLimits } from "./limits.ts";
import { ProtocolError, Reason } from "./reason-codes.ts";
import type { Session, Subscription } from "./session.ts";
import { isSubscribable } from "./topic-names.ts";

export interface Granted {
	/** MQTT 5 reason code or granted QoS of each filter, in order. */
	codes: number[];
	/** Subscriptions whose retained messages are due. */
	retained: Subscription[];
}

/** Source: MQTT 5 §3.8. */
export function subscribe(core: BrokerCore, session: Session, packet: ISubscribePacket, version: 3 | 4 | 5): Granted {
	if (packet.subscriptions.length === 0) throw new ProtocolError(Reason.protocolError, "SUBSCRIBE without a filter");
	const id: unknown = packet.properties?.subscriptionIdentifier;
	if (id !== undefined && (typeof id !== "number" || id < 1 || id > 268_435_455))
		throw new ProtocolError(Reason.protocolError, "The subscription identifier must be one number from 1 to 268,435,455");
	const granted: Granted = { codes: [], retained: [] };
	for (const wanted of packet.subscriptions) {
		const refusal = refusalOf(core, session, wanted.topic);
		if (refusal !== undefined) {
			granted.codes.push(version === 5 ? refusal : 0x80);
			continue;
		}
		const qos = wanted.qos === 0 ? 0 : 1;
		const known = session.subscriptions.get(wanted.topic);
		const subscription: Subscription = known ?? {
			session,
			filter: wanted.topic,
			qos,
			noLocal: false,
			retainAsPublished: false,
			id: undefined,
		};
		subscription.qos = qos;
		subscription.noLocal = wanted.nl ?? false;
		subscription.retainAsPublished = wanted.rap ?? false;
		subscription.id = id as number | undefined;
		if (known === undefined) {
			session.subscriptions.set(wanted.topic, subscription);
			core.routes.subscribe(subscription);
		} else core.routes.invalidate(wanted.topic);
		granted.codes.push(qos);
		const handling = wanted.rh ?? 0;
		if (handling === 0 || (handling === 1 && known === undefined)) granted.retained.push(subscription);
	}
	return granted;
}

function refusalOf(core: BrokerCore, session: Session, filter: string): number | undefined {
	if (!isSubscribable(filter)) return Reason.topicFilterInvalid;
	if (filter.startsWith("$share/")) return Reason.sharedNotSupported;
	if (session.subscriptions.size >= fixedLimits.subscriptions && !session.subscriptions.has(filter)) return Reason.quotaExceeded;
	try {
		if (session.rights.maySubscribe(filter)) return undefined;
	} catch (error) {
		core.log.error("Topic rights failed; the subscription is refused", {
			client: session.clientId,
			filter,
			error: String(error),
		});
	}
	core.counts.deniedTopics++;
	return Reason.notAuthorized;
}

export function unsubscribe(core: BrokerCore, session: Session, filters: readonly string[]): number[] {
	if (filters.length === 0) throw new ProtocolError(Reason.protocolError, "UNSUBSCRIBE without a filter");
	return filters.map((filter) => {
		const known = session.subscriptions.get(filter);
		if (known === undefined) return Reason.noSubscriptionExisted;
		session.subscriptions.delete(filter);
		core.routes.unsubscribe(known);
		return Reason.success;
	});
}
