import { randomUUID } from "node:crypto";
import type { Clock } from "@millwright/core";
import type { AskedRaw } from "../api-gateways.ts";
import type { StateMessage } from "./link-messages.ts";

/** Questions remembered for each gateway, the oldest forgotten first. */
const mostAsked = 100;

/** What people asked of gateways: sent when the line stands, again after it broke, until the gateway says that it is done. */
export function createAsking({
	clock,
	send,
}: {
	clock: Clock;
	/** False while the line is down. */
	send(gateway: string, ask: { ask: string; connections: string[]; from: number; until: number }): boolean;
}) {
	const asked = new Map<string, AskedRaw[]>();

	function say(gateway: string, one: AskedRaw): void {
		send(gateway, { ask: one.ask, connections: one.connections, from: one.from, until: one.until });
	}

	return {
		of: (gateway: string): AskedRaw[] => (asked.get(gateway) ?? []).map((one) => ({ ...one })),
		ask(gateway: string, about: { connections: string[]; from: number; until: number }): AskedRaw {
			const one: AskedRaw = { ask: `ask_${randomUUID()}`, ...about, state: "waiting", rows: 0, askedAt: clock.nowMs() };
			const list = [one, ...(asked.get(gateway) ?? [])].slice(0, mostAsked);
			asked.set(gateway, list);
			say(gateway, one);
			return { ...one };
		},
		/** What the gateway says of them; with a new session, all that is not done is asked again. */
		heard(gateway: string, states: StateMessage["asked"], isNewSession: boolean): void {
			const list = asked.get(gateway);
			if (!list) return;
			for (const { ask, state, rows, reason } of states) {
				const one = list.find((entry) => entry.ask === ask);
				if (!one || one.state === "done") continue;
				one.state = state;
				one.rows = Math.max(one.rows, rows);
				if (reason !== undefined) one.reason = reason;
			}
			if (isNewSession) for (const one of list) if (one.state === "waiting" || one.state === "running") say(gateway, one);
		},
	};
}
export type Asking = ReturnType<typeof createAsking>;
