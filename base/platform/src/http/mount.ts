import {
	apiPrefix,
	type Call,
	type Download,
	decodeQuery,
	type Log,
	type Operation,
	type Principal,
	routesOf,
	whyHeader,
} from "@millwright/core";
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import { type GuardedOperation, guard, nobody, refusalOf } from "../guard/guard.ts";
import type { AuditTrail, Gatekeeper } from "../ports.ts";
import { sendDownload } from "./download.ts";
import { forgeryOf } from "./same-origin.ts";
import { type MountedService, methodError, unknownPath } from "./services.ts";
import { credentialsOf, sessionCookie } from "./session-cookie.ts";
import { createUnsent } from "./unsent.ts";

export interface Caller {
	principal: Principal;
	session?: string;
}

declare module "fastify" {
	interface FastifyRequest {
		/** Who asks, settled before the body is read. */
		caller: Caller | null;
	}
	interface FastifyContextConfig {
		/** "<step>.<operation>", for metrics and logs. */
		operation?: string;
	}
}

/** Who sends this request; undefined where no credentials hold. */
export async function callerOf(request: FastifyRequest, gatekeeper: Gatekeeper): Promise<Caller | undefined> {
	const { sessionToken, bearer, agent } = credentialsOf(request.headers);
	if (!sessionToken && !bearer) return undefined;
	return gatekeeper.identify({ sessionToken, bearer, address: request.ip, agent });
}

/** Puts every operation of the services under /api. */
export function mountServices(
	app: FastifyInstance,
	about: {
		services: readonly MountedService[];
		gatekeeper: Gatekeeper;
		audit: AuditTrail;
		log: Log;
		tls: boolean;
		sessionCookieMs: number;
		anonymousWritesPerMinute: number;
		checkOutput: boolean;
	},
): void {
	const { audit, log, gatekeeper, checkOutput } = about;
	const unsent = createUnsent();
	app.decorateRequest("caller", null);
	for (const { step, api, service } of about.services) {
		const guarded = guard(step, api, service, { audit, log, checkOutput });
		for (const { key, name, operation, route } of routesOf(step, api)) {
			const strict = operation.effect === "write" && operation.allow === "anyone";
			app.route({
				// What is a GET also takes a body, for inputs too long for an address.
				method: route.method === "GET" ? ["GET", "POST"] : "POST",
				url: route.path,
				config: {
					operation: name,
					...(strict ? { rateLimit: { max: about.anonymousWritesPerMinute, timeWindow: 60_000 } } : {}),
				},
				// After the rate limit, before the body.
				preParsing: async (request) => {
					const { bearer } = credentialsOf(request.headers);
					const forgery = forgeryOf({ method: request.method, headers: request.headers, host: request.host, bearer: !!bearer });
					if (forgery) throw forgery;
					request.caller = (await callerOf(request, gatekeeper)) ?? null;
					// Strangers are turned away before their body is read; the guard asks again, with everything it knows.
					const refusal = request.caller ? undefined : refusalOf(name, operation, nobody);
					if (refusal) throw refusal;
				},
				handler: handlerOf(step, operation, guarded[key] as GuardedOperation, { ...about, unsent }),
			});
		}
	}
	refuseOthers(app, about.services);
}

function handlerOf(
	step: string,
	operation: Operation,
	call: GuardedOperation,
	{
		tls,
		sessionCookieMs,
		log,
		unsent,
	}: { tls: boolean; sessionCookieMs: number; log: Log; unsent: ReturnType<typeof createUnsent> },
) {
	return async (request: FastifyRequest, reply: FastifyReply) => {
		const who = request.caller?.principal.id ?? nobody.id;
		unsent.check(who);
		const gone = new AbortController();
		reply.raw.once("close", () => {
			if (!reply.raw.writableFinished) gone.abort();
		});
		let session: { token: string | undefined } | undefined;
		const { agent } = credentialsOf(request.headers);
		const about: Partial<Call> = {
			...(request.caller ?? {}),
			why: reasonOf(request.headers[whyHeader]),
			from: request.ip,
			agent,
			signal: gone.signal,
			setSession: (token) => {
				session = { token };
			},
		};
		const search = request.url.indexOf("?");
		const query = search < 0 ? "" : request.url.slice(search + 1);
		const input = request.method === "GET" ? () => decodeQuery(operation.input, query, `${step}.input-invalid`) : request.body;
		let output: unknown;
		try {
			output = await call(input, about);
		} catch (thrown) {
			// Nobody is there to hear that the work was given up because nobody is there.
			if (gone.signal.aborted && (thrown as Error).cause === gone.signal.reason) return reply.hijack();
			throw thrown;
		}
		if (session) setCookie(reply, session.token, tls || request.protocol === "https", sessionCookieMs);
		if (operation.download) return sendDownload(reply, output as Download, log);
		reply.header("content-type", "application/json; charset=utf-8");
		const text = JSON.stringify(output ?? {});
		unsent.add(who, text.length, reply.raw);
		return reply.send(text);
	};
}

function setCookie(reply: FastifyReply, token: string | undefined, secure: boolean, ms: number): void {
	const options = { httpOnly: true, sameSite: "strict", path: "/", secure } as const;
	if (token === undefined) reply.clearCookie(sessionCookie, options);
	else reply.setCookie(sessionCookie, token, { ...options, maxAge: Math.floor(ms / 1000) });
}

function reasonOf(header: string | string[] | undefined): string | undefined {
	if (typeof header !== "string") return undefined;
	try {
		return decodeURIComponent(header);
	} catch {
		return header;
	}
}

/** Below /api nothing falls through to the web app: an unknown address and a wrong method say so in JSON. */
function refuseOthers(app: FastifyInstance, services: readonly MountedService[]): void {
	const methods = new Map<string, string>();
	for (const { step, api } of services)
		for (const { route } of routesOf(step, api)) methods.set(route.path, route.method === "GET" ? "GET, POST" : "POST");
	app.route({
		method: app.supportedMethods as HTTPMethods[],
		url: `${apiPrefix}/*`,
		preParsing: async (request, reply) => {
			const [path = ""] = request.url.split("?");
			const allowed = methods.get(path);
			if (allowed) reply.header("allow", allowed);
			throw allowed ? methodError(request.method, allowed) : unknownPath(path);
		},
		handler: () => undefined,
	});
}
