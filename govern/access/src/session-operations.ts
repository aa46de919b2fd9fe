import { type Call, MillwrightError } from "@millwright/core";
import type { Access } from "./api.ts";
import { callerOf, type House, refuseBeforeChange } from "./house.ts";

const seesEveryone = (call: Call | undefined): boolean =>
	callerOf(call).roles.some((role) => role === "administrator" || role === "security");

export function sessionOperations(house: House): Pick<Access, "sessions" | "endSession"> {
	const { sessions } = house;
	return {
		async sessions({ everyone }, call) {
			refuseBeforeChange(house, call);
			if (everyone && !seesEveryone(call))
				throw new MillwrightError("access.sessions-denied", "Only administrators and security see everybody's sessions", {
					kind: "denied",
					hint: "Ask for your own sessions.",
				});
			const living = sessions.living(everyone ? undefined : callerOf(call).id);
			return {
				sessions: living
					.sort((a, b) => b.lastSeenAt - a.lastSeenAt)
					.map((session) => ({
						id: session.id,
						person: session.person,
						createdAt: session.createdAt,
						lastSeenAt: session.lastSeenAt,
						from: session.address,
						agent: session.agent,
						current: session.id === call?.session,
					})),
			};
		},
		async endSession({ id }, call) {
			refuseBeforeChange(house, call);
			const session = sessions.byId(id);
			// Somebody else's session looks like none to those who may not see it.
			if (!session || (session.person !== callerOf(call).id && !seesEveryone(call)))
				throw new MillwrightError("access.session-unknown", `No session "${id}"`, {
					kind: "missing",
					hint: "It may have ended meanwhile; list sessions again.",
				});
			await sessions.end([id]);
			if (id === call?.session) call.setSession?.(undefined);
			return {};
		},
	};
}
