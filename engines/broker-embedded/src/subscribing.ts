import type { ISubscribePacket } from "mqtt-packet";
import type { BrokerCore } from "./core.ts";
import { ProtocolError, Reason } from "./reason-codes.ts";
import type { Session, Subscription } from "./session.ts";
import { shareOf } from "./shared-group.ts";
import { isSubscribable } from "./topic-names.ts";

export interface Granted {
	/** MQTT 5 reason code or granted QoS of each filter, in order. */
	codes: number[];
	/** Subscriptions whose retained messages are due. */
	retained: Subscription[];
}

const isShareName = (name: string): boolean => name.length > 0 && !/[+#]/.test(name);

/** Source: MQTT 5 §3.8. */
export function subscribe(core: BrokerCore, session: Session, packet: ISubscribePacket, version: 3 | 4 | 5): Granted {
	if (packet.subscriptions.length === 0) throw new ProtocolError(Reason.protocolError, "SUBSCRIBE without a filter");
	const id: unknown = packet.properties?.subscriptionIdentifier;
	if (id !== undefined && (typeof id !== "number" || id < 1 || id > 268_435_455))
		throw new ProtocolError(Reason.protocolError, "The subscription identifier must be one number from 1 to 268,435,455");
	const granted: Granted = { codes: [], retained: [] };
	for (const wanted of packet.subscriptions) {
		const share = shareOf(wanted.topic);
		// MQTT 5 §3.8.3.1.
		if (share !== undefined && wanted.nl === true)
			throw new ProtocolError(Reason.protocolError, "A shared subscription cannot be without its own messages");
		const refusal = refusalOf(core, session, wanted.topic, share);
		if (refusal !== undefined) {
			granted.codes.push(version === 5 ? refusal : 0x80);
			continue;
		}
		const known = session.subscriptions.get(wanted.topic);
		const subscription: Subscription = known ?? {
			session,
			key: wanted.topic,
			filter: share?.filter ?? wanted.topic,
			group: share === undefined ? undefined : core.routes.groups.of(wanted.topic),
			qos: wanted.qos,
			noLocal: false,
			retainAsPublished: false,
			id: undefined,
		};
		subscription.qos = wanted.qos;
		subscription.noLocal = wanted.nl ?? false;
		subscription.retainAsPublished = wanted.rap ?? false;
		subscription.id = id as number | undefined;
		if (known === undefined) {
			session.subscriptions.set(wanted.topic, subscription);
			core.routes.subscribe(subscription);
		} else core.routes.invalidate(subscription.filter);
		session.journal?.subscribed(subscription);
		session.conversation?.subscribed(subscription);
		granted.codes.push(wanted.qos);
		const handling = wanted.rh ?? 0;
		// MQTT 5 §4.8.2: what is retained is not shared out.
		if (share !== undefined) continue;
		if (handling === 0 || (handling === 1 && known === undefined)) granted.retained.push(subscription);
	}
	return granted;
}

function refusalOf(core: BrokerCore, session: Session, key: string, share: ReturnType<typeof shareOf>): number | undefined {
	const filter = share?.filter ?? key;
	if (!isSubscribable(filter) || (share !== undefined && !isShareName(share.name))) return Reason.topicFilterInvalid;
	if (session.subscriptions.size >= session.limits.maxSubscriptions && !session.subscriptions.has(key))
		return Reason.quotaExceeded;
	// A session that lasts promises its subscriptions.
	if (session.journal !== undefined && core.journal?.refusal !== undefined) return Reason.quotaExceeded;
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
		session.journal?.unsubscribed(filter);
		return Reason.success;
	});
}
