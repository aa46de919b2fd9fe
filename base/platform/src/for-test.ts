import { operation, type Principal, type Service } from "@millwright/core";
import * as z from "zod";
import type { AuditTrail, Gatekeeper } from "./ports.ts";

export const person = (name: string, ...roles: Principal["roles"][number][]): Principal => ({
	id: `user_${name}`,
	name,
	kind: "person",
	roles,
});
export const people = {
	emma: person("emma", "engineer"),
	olga: person("olga", "operator"),
	/** A key without any role. */
	bare: { id: "key_bare", name: "bare", kind: "key", roles: [] } satisfies Principal,
};

/** Session tokens and bearer keys are the names of people. */
export const gatekeeper: Gatekeeper = {
	async identify({ sessionToken, bearer }) {
		const principal = people[(sessionToken ?? bearer) as keyof typeof people];
		return principal && { principal, ...(sessionToken ? { session: `session_${sessionToken}` } : {}) };
	},
};

export type Entry = Parameters<AuditTrail["record"]>[0];
export function memoryAudit(): AuditTrail & { entries: Entry[]; broken: boolean } {
	const entries: Entry[] = [];
	return {
		entries,
		broken: false,
		async record(entry) {
			if (this.broken) throw new Error("disk full");
			entries.push(structuredClone(entry));
		},
	};
}

/** A small step with one operation of every sort. */
export const pressApi = {
	state: operation({
		summary: "State of a press",
		path: "/press/state",
		input: z.object({ asset: z.string().max(20), limit: z.int().min(1).default(10), tags: z.array(z.string()).default([]) }),
		output: z.object({ asset: z.string(), limit: z.number(), tags: z.array(z.string()) }),
	}),
	query: operation({
		summary: "A read that needs a body",
		path: "/press/query",
		input: z.object({ range: z.object({ from: z.number(), until: z.number() }) }),
		output: z.unknown(),
	}),
	recipe: operation({
		summary: "Need-to-know",
		path: "/press/recipe",
		dataClass: "restricted",
		input: z.object({}),
		output: z.object({ recipe: z.string() }),
	}),
	setLimits: operation({
		summary: "Change limits",
		path: "/press/limits",
		effect: "write",
		allow: ["engineer"],
		input: z.object({ asset: z.string().min(1), login: z.object({ pin: z.string(), user: z.string() }).optional() }),
		output: z.object({ done: z.boolean() }),
		secrets: ["login.pin"],
	}),
	signIn: operation({
		summary: "Sign in",
		path: "/press/sign-in",
		effect: "write",
		allow: "anyone",
		dataClass: "public",
		input: z.object({ login: z.string(), password: z.string() }),
		output: z.object({ name: z.string() }),
		secrets: ["password"],
	}),
	signOut: operation({
		summary: "Sign out",
		path: "/press/sign-out",
		effect: "write",
		input: z.object({}),
		output: z.object({}),
	}),
	setup: operation({
		summary: "For anyone",
		path: "/press/setup",
		allow: "anyone",
		dataClass: "public",
		input: z.object({}),
		output: z.object({ needed: z.boolean() }),
	}),
	export: operation({
		summary: "A file",
		path: "/press/export",
		download: true,
		input: z.object({ rows: z.int().default(3), break: z.boolean().default(false) }),
		output: z.any(),
	}),
};
export type Press = Service<typeof pressApi>;

export function pressService(over: Partial<Press> = {}): Press & { calls: string[] } {
	const calls: string[] = [];
	return {
		calls,
		state: async (input) => input,
		query: async (input) => input,
		recipe: async () => ({ recipe: "salt" }),
		setLimits: async ({ asset }) => {
			calls.push(asset);
			return { done: true };
		},
		signIn: async ({ login }, call) => {
			call?.setSession?.(login);
			return { name: login };
		},
		signOut: async (_, call) => {
			call?.setSession?.(undefined);
			return {};
		},
		setup: async () => ({ needed: false }),
		export: async ({ rows, break: breaks }) => ({
			fileName: 'línea "3"/día.csv',
			mediaType: "text/csv",
			body: (async function* () {
				for (let i = 0; i < rows; i++) yield new TextEncoder().encode(`${i}\n`);
				if (breaks) throw new Error("the disk went away");
			})(),
		}),
		...over,
	};
}
