import { type BrokerAuthenticator, type BrokerRights, coveredBy, type DataClass } from "@millwright/core";
import type { TopicRights } from "./api.ts";
import type { Keys } from "./keys.ts";
import { maySubscribeTo, mayUseTopic } from "./topic-rights.ts";

export interface BrokerAuthenticatorOptions {
	/** What clients without username and password may do; without it they are refused. */
	anonymous?: TopicRights;
	/** How confidential a topic is; without it all are as open as can be. */
	classOf?: (topic: string) => DataClass;
}

/**
 * MQTT clients show a key: its id or name as username (or none), its secret as password. Rights are asked of the key
 * each time, so a revoked or expired one loses them at once, even before the broker hangs up.
 */
export function createBrokerAuthenticator(
	keys: Keys,
	{ anonymous, classOf = () => "public" }: BrokerAuthenticatorOptions = {},
): BrokerAuthenticator {
	return async ({ username, password }) => {
		if (password === undefined)
			return username === undefined && anonymous
				? rightsOf("anonymous", { ...anonymous, clearance: "public" }, classOf, () => true)
				: undefined;
		const key = keys.use(Buffer.from(password).toString("utf8"));
		if (!key || (username !== undefined && username !== key.id && username !== key.name)) return undefined;
		if (key.publish.length + key.subscribe.length === 0) return undefined;
		return rightsOf(key.id, key, classOf, () => keys.isLiving(key));
	};
}

function rightsOf(
	principal: string,
	{ publish, subscribe, clearance }: { publish: readonly string[]; subscribe: readonly string[]; clearance: DataClass },
	classOf: (topic: string) => DataClass,
	isLiving: () => boolean,
): BrokerRights {
	return {
		principal,
		mayPublish: (topic) => isLiving() && mayUseTopic(publish, topic),
		maySubscribe: (filter) => isLiving() && maySubscribeTo(subscribe, filter),
		mayReceive: (topic) => isLiving() && mayUseTopic(subscribe, topic) && coveredBy(clearance, classOf(topic)),
	};
}
