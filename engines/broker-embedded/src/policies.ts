import type { BrokerRights } from "@millwright/core";
import { type BrokerLimits, fixedLimits } from "./limits.ts";

/** What happens to a client that does not take its messages and whose queue is full. */
export type OnSlow = "drop-oldest" | "drop-newest" | "disconnect";

/** Limits for the clients that match; what it leaves out stays as it is for everybody. */
export interface ClientPolicy {
	/** All that are given must match. `*` in a client identifier stands for any characters. */
	match: { principal?: string | undefined; clientId?: string | undefined; role?: string | undefined };
	/** What is more waits in the client's own socket: nothing is lost. */
	maxMessagesPerSecond?: number | undefined;
	maxBytesPerSecond?: number | undefined;
	/** At once, of one principal. */
	maxConnections?: number | undefined;
	maxSubscriptions?: number | undefined;
	/** Messages of QoS 1 and 2 under way to the client. */
	maxInflight?: number | undefined;
	queueBytes?: number | undefined;
	queueMessages?: number | undefined;
	maxPacketBytes?: number | undefined;
	onSlow?: OnSlow | undefined;
}

/** The limits of one client, worked out. */
export interface ClientLimits extends BrokerLimits {
	maxMessagesPerSecond: number;
	maxBytesPerSecond: number;
	maxConnections: number;
	maxSubscriptions: number;
	maxInflight: number;
	/** Undefined: QoS 0 drops the newest, QoS 1 and 2 end the connection. */
	onSlow: OnSlow | undefined;
}

const globs = new Map<string, RegExp>();

function matchesGlob(glob: string, text: string): boolean {
	let pattern = globs.get(glob);
	if (pattern === undefined) {
		const parts = glob.split(/\*+/).map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
		pattern = new RegExp(`^${parts.join("[^]*?")}$`);
		globs.set(glob, pattern);
	}
	return pattern.test(text);
}

const matches = ({ match }: ClientPolicy, rights: BrokerRights, clientId: string): boolean =>
	(match.principal === undefined || match.principal === rights.principal) &&
	(match.clientId === undefined || matchesGlob(match.clientId, clientId)) &&
	(match.role === undefined || rights.roles?.includes(match.role) === true);

/** Works limits out; the first policy that matches holds alone. */
export function createPolicies(policies: readonly ClientPolicy[], limits: BrokerLimits) {
	const usual: ClientLimits = {
		...limits,
		maxMessagesPerSecond: Number.POSITIVE_INFINITY,
		maxBytesPerSecond: Number.POSITIVE_INFINITY,
		maxConnections: Number.POSITIVE_INFINITY,
		maxSubscriptions: fixedLimits.subscriptions,
		maxInflight: fixedLimits.inflight,
		onSlow: undefined,
	};
	const worked = policies.map(({ match: _, ...own }): ClientLimits => {
		const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as Partial<ClientLimits>;
		return {
			...usual,
			...given,
			maxInflight: Math.min(given.maxInflight ?? usual.maxInflight, fixedLimits.inflight),
			maxPacketBytes: Math.min(given.maxPacketBytes ?? limits.maxPacketBytes, limits.maxPacketBytes),
		};
	});
	return (rights: BrokerRights, clientId: string): ClientLimits => {
		const at = policies.findIndex((policy) => matches(policy, rights, clientId));
		return worked[at] ?? usual;
	};
}
