import { type BrokerAuthenticator, type BrokerRights, coveredBy, type DataClass, type Role } from "@millwright/core";
import type { TopicRights } from "./api.ts";
import type { KeyRecord, Keys } from "./keys.ts";
import { maySubscribeTo, mayUseTopic, unsharedFilter } from "./topic-rights.ts";

export interface BrokerAuthenticatorOptions {
	/** What clients without username and password may do; without it they are refused. */
	anonymous?: TopicRights;
	/** How confidential a topic is; without it all are as open as can be. */
	classOf?: (topic: string) => DataClass;
}

/** Who may see the broker's own figures under `$SYS`: as for the list of MQTT clients. */
const mayWatchBroker: readonly Role[] = ["engineer", "security", "administrator"];

/**
 * MQTT clients show a key: its id or name as username (or none), its secret as password, or instead of the secret a verified
 * client certificate whose common name the key is bound to. Rights are asked of the key
 * each time, so a revoked or expired one loses them at once, even before the broker hangs up.
 */
export function createBrokerAuthenticator(
	keys: Keys,
	{ anonymous, classOf = () => "public" }: BrokerAuthenticatorOptions = {},
): BrokerAuthenticator {
	return async ({ username, password, certificateName }) => {
		if (password === undefined && certificateName !== undefined) {
			const bound = keys.useCertificate(certificateName);
			if (bound !== undefined) return rightsFor(bound, username === certificateName ? undefined : username);
		}
		if (password === undefined)
			return username === undefined && anonymous
				? rightsOf("anonymous", { ...anonymous, clearance: "public", roles: [] }, classOf, () => true)
				: undefined;
		const key = keys.use(Buffer.from(password).toString("utf8"));
		return key && rightsFor(key, username);
	};

	function rightsFor(key: KeyRecord, username: string | undefined): BrokerRights | undefined {
		if (username !== undefined && username !== key.id && username !== key.name) return undefined;
		if (key.publish.length + key.subscribe.length === 0) return undefined;
		return rightsOf(key.id, key, classOf, () => keys.isLiving(key));
	}
}

function rightsOf(
	principal: string,
	{
		publish,
		subscribe,
		clearance,
		roles,
	}: { publish: readonly string[]; subscribe: readonly string[]; clearance: DataClass; roles: readonly Role[] },
	classOf: (topic: string) => DataClass,
	isLiving: () => boolean,
): BrokerRights {
	const mayWatch = roles.some((role) => mayWatchBroker.includes(role));
	const isOpen = (topic: string): boolean => mayWatch || !topic.startsWith("$SYS/");
	return {
		principal,
		roles,
		mayPublish: (topic) => isLiving() && mayUseTopic(publish, topic),
		maySubscribe: (filter) => isLiving() && isOpen(unsharedFilter(filter)) && maySubscribeTo(subscribe, filter),
		mayReceive: (topic) => isLiving() && isOpen(topic) && mayUseTopic(subscribe, topic) && coveredBy(clearance, classOf(topic)),
	};
}
