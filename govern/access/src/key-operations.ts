import { MillwrightError } from "@millwright/core";
import type { Access } from "./api.ts";
import { callerOf, type House } from "./house.ts";
import { shownKey } from "./keys.ts";
import { checkFilters } from "./topic-rights.ts";

export function keyOperations(house: House): Pick<Access, "keys" | "addKey" | "bindKey" | "revokeKey"> {
	const { clock, keys } = house;
	return {
		keys: async () => ({ keys: keys.all().map((key) => shownKey(key, keys.isLiving(key))) }),

		async addKey({ name, roles, topics, clearance, certificateName, expiresAt }, call) {
			const publish = checkFilters(topics.publish, "topics.publish");
			const subscribe = checkFilters(topics.subscribe, "topics.subscribe");
			if (roles.length + publish.length + subscribe.length === 0)
				throw new MillwrightError("access.key-empty", "A key without roles and topics opens nothing", {
					kind: "input",
					hint: "Give it a role for the HTTP API, or topic filters for MQTT.",
				});
			if (expiresAt !== undefined && expiresAt <= clock.nowMs())
				throw new MillwrightError("access.key-expired", "The key would have expired already", {
					kind: "input",
					hint: "Choose a time to come, in ms since 1970 UTC.",
					place: "expiresAt",
				});
			const { key, secret } = await house.alone(() =>
				keys.add({
					name,
					roles: [...new Set(roles)],
					publish,
					subscribe,
					clearance,
					createdBy: callerOf(call).id,
					expiresAt,
					certificateName,
				}),
			);
			return { key: shownKey(key, true), secret };
		},

		async bindKey({ id, certificateName }) {
			const key = await house.alone(() => keys.bind(id, certificateName ?? undefined));
			// Whoever came in by the certificate it had must not stay.
			house.revoked({ principal: id });
			return shownKey(key, keys.isLiving(key));
		},

		async revokeKey({ id }) {
			try {
				return shownKey(await keys.revoke(id), false);
			} finally {
				house.revoked({ principal: id });
			}
		},
	};
}
