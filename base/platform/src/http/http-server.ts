import type { Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import cookie from "@fastify/cookie";
import rateLimit from "@fastify/rate-limit";
import { type Clock, type Log, MillwrightError, openApi, type Timer } from "@millwright/core";
import type { Figure, Part } from "@millwright/runtime";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { overall, type PartHealth } from "../health.ts";
import type { AuditTrail, Gatekeeper } from "../ports.ts";
import { answerTo } from "./failure.ts";
import { acceptJsonOnly } from "./json-body.ts";
import { createMetrics } from "./metrics.ts";
import { callerOf, mountServices } from "./mount.ts";
import { addSecurityHeaders } from "./security-headers.ts";
import type { MountedService } from "./services.ts";
import { sessionCookie } from "./session-cookie.ts";
import { followTls, readTls, type TlsFiles } from "./tls.ts";
import { createUpgrades, type Upgrades } from "./upgrades.ts";
import { serveWebFolder } from "./web-folder.ts";

export interface HttpServerOptions {
	/** Port 0 takes a free one. */
	listen: { host: string; port: number };
	tls?: TlsFiles;
	log: Log;
	clock: Clock;
	gatekeeper: Gatekeeper;
	audit: AuditTrail;
	services: readonly MountedService[];
	/** The built web app. */
	webFolder?: string;
	/** Per address. */
	rateLimit?: { perMinute: number; anonymousWritesPerMinute: number };
	/** Believe the last entry of X-Forwarded-*: only behind a proxy that adds it. */
	trustProxy?: boolean;
	health: () => readonly PartHealth[];
	figures: () => readonly Figure[];
	version: string;
	/** Bytes; 1 MB, at most 16 MB. */
	bodyLimit?: number;
	/** How long a browser keeps the session cookie; the session itself ends when access says so. */
	sessionCookieMs?: number;
	/** Check every answer against its schema; for tests and development. */
	checkOutput?: boolean;
}

export interface HttpServer extends Part, Pick<Upgrades, "onUpgrade"> {
	/** Known once started: "http://127.0.0.1:8080". */
	readonly url: string;
	/** Node's own server, once started. */
	readonly server: Server;
}

const mebibyte = 1_048_576;
const graceMs = 5000;
const mostConnections = 4096;

/** The one door for people and programs: every operation of every step, the web app, live updates, health and metrics. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
	const { listen, clock } = options;
	const log = options.log.part("http");
	const upgrades = createUpgrades({ log, trustProxy: options.trustProxy ?? false });
	let running: { app: FastifyInstance; url: string; renewal?: Timer } | undefined;
	const started = () => {
		if (!running) throw new MillwrightError("platform.not-started", "The HTTP server has not been started");
		return running;
	};
	return {
		name: "http",
		onUpgrade: upgrades.onUpgrade,
		get url() {
			return started().url;
		},
		get server() {
			return started().app.server as Server;
		},
		async start() {
			const app = await build(options, log);
			app.server.maxConnections = mostConnections;
			upgrades.attach(app.server as Server);
			try {
				await app.listen({ host: listen.host, port: listen.port });
			} catch (cause) {
				await app.close();
				throw cannotListen(listen, cause);
			}
			const address = app.server.address();
			const port = typeof address === "object" && address ? address.port : listen.port;
			const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
			const renewal = options.tls && followTls(app.server as unknown as SecureServer, options.tls, { clock, log });
			running = { app, url: `${options.tls ? "https" : "http"}://${host}:${port}`, renewal };
			if (!options.tls && !options.trustProxy && !isLoopback(listen.host))
				log.warn("Passwords travel in the clear: other machines reach this server without TLS", {
					hint: "Set http.tls in the configuration, or listen on 127.0.0.1 behind a proxy.",
				});
		},
		async stop() {
			if (!running) return;
			const { app, renewal } = running;
			running = undefined;
			renewal?.cancel();
			// What is under way may finish; who does not, is cut off.
			const cut = setTimeout(() => {
				upgrades.end();
				app.server.closeAllConnections();
			}, graceMs);
			const closed = app.close();
			upgrades.end();
			await closed;
			clearTimeout(cut);
		},
		figures: () => [
			{ name: "http_upgraded_connections", help: "Open WebSocket connections", type: "gauge", value: upgrades.open },
		],
	};
}

async function build(options: HttpServerOptions, log: Log): Promise<FastifyInstance> {
	const { clock, gatekeeper, services, tls } = options;
	const limits = options.rateLimit ?? { perMinute: 3000, anonymousWritesPerMinute: 20 };
	const app: FastifyInstance = fastify({
		...(tls ? { https: readTls(tls) } : {}),
		logger: false,
		// The one proxy in front: what it added itself is believed, what it was sent is not.
		trustProxy: options.trustProxy ? (_address: string, hop: number) => hop === 0 : false,
		bodyLimit: Math.min(options.bodyLimit ?? mebibyte, 16 * mebibyte),
		requestTimeout: 30_000,
		keepAliveTimeout: 65_000,
		forceCloseConnections: "idle",
		exposeHeadRoutes: false,
		frameworkErrors: (error, request, reply) => {
			const { status, body } = answerTo(error, { log, what: `${request.method} ${request.url.slice(0, 200)}` });
			void (reply as unknown as FastifyReply).code(status).send(body);
		},
	}) as unknown as FastifyInstance;

	const metrics = createMetrics({ figures: options.figures });
	app.setErrorHandler((error, request, reply) => {
		const { status, body } = answerTo(error, {
			log,
			what: request.routeOptions.config.operation ?? `${request.method} ${request.url.slice(0, 200)}`,
		});
		// A download that fails on its way has its headers out already: the broken connection is the message.
		if (reply.raw.headersSent) return void reply.raw.destroy();
		void reply.code(status).header("content-type", "application/json; charset=utf-8").send(JSON.stringify(body));
	});
	app.addHook("onResponse", async (request, reply) => {
		const { operation } = request.routeOptions.config;
		if (operation) metrics.answered(operation, reply.statusCode, reply.elapsedTime / 1000);
	});

	await addSecurityHeaders(app, { tls: !!tls });
	await app.register(cookie);
	await app.register(rateLimit, {
		max: limits.perMinute,
		timeWindow: 60_000,
		cache: 10_000,
		ipv6Subnet: 64,
		errorResponseBuilder: (_, { after }) =>
			new MillwrightError("platform.too-many-requests", "Too many requests from this address", {
				kind: "busy",
				hint: `Wait ${after}, then try again.`,
			}),
	});
	acceptJsonOnly(app);

	mountServices(app, {
		services,
		gatekeeper,
		audit: options.audit,
		log,
		tls: !!tls,
		sessionCookieMs: options.sessionCookieMs ?? 7 * 86_400_000,
		anonymousWritesPerMinute: limits.anonymousWritesPerMinute,
		checkOutput: options.checkOutput ?? false,
	});
	const signedIn = async (caller: unknown) => {
		if (caller) return;
		throw new MillwrightError("platform.sign-in-required", "Nobody is signed in", {
			kind: "unauthenticated",
			hint: "Sign in, or send an API key as a bearer token.",
		});
	};
	app.get("/api/openapi.json", async (request) => {
		await signedIn(await callerOf(request, gatekeeper));
		return openApi(services, { title: "Millwright", version: options.version, cookie: sessionCookie });
	});
	app.get("/health", async (_, reply) => {
		const state = overall(options.health());
		return reply
			.code(state === "failing" ? 503 : 200)
			.header("cache-control", "no-store")
			.send({ state, at: clock.nowMs() });
	});
	app.get("/metrics", async (request, reply) => {
		const local = isLoopback(request.socket.remoteAddress ?? "") && request.headers["x-forwarded-for"] === undefined;
		if (!local) await signedIn(await callerOf(request, gatekeeper));
		return reply
			.header("content-type", metrics.contentType)
			.header("cache-control", "no-store")
			.send(await metrics.text());
	});
	await serveWebFolder(app, options.webFolder);
	await app.ready();
	return app;
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^(?:::ffff:)?127\./.test(host);

function cannotListen({ host, port }: { host: string; port: number }, cause: unknown): MillwrightError {
	const { code } = cause as { code?: string };
	const reasons: Record<string, [string, string]> = {
		EADDRINUSE: ["is taken by another program", "Stop that program, or choose another http.port in the configuration."],
		EACCES: ["may not be used", "Ports below 1024 need a right; choose a higher http.port, or a proxy in front."],
		EADDRNOTAVAIL: ["is not an address of this machine", "Choose another http.host in the configuration."],
	};
	const [why, hint] = reasons[code ?? ""] ?? [`cannot be listened on: ${String(cause)}`, "Check http.host and http.port."];
	return new MillwrightError("platform.cannot-listen", `${host}:${port} ${why}`, { kind: "outage", hint, cause });
}
