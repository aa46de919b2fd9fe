import type { IncomingMessage } from "node:http";
import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";

const isHost = /^[a-z0-9.:[\]-]{1,255}$/i;

/** Older Safari does not count WebSockets as 'self', so the page's own host is named. */
const ownSockets = (request: unknown): string => {
	const { host = "" } = (request as IncomingMessage).headers;
	return isHost.test(host) ? `ws://${host} wss://${host}` : "'self'";
};

/** Everything from this server, nothing inline but styles (the component library writes them), no frames, no plugins. */
export async function addSecurityHeaders(app: FastifyInstance, { tls }: { tls: boolean }): Promise<void> {
	await app.register(helmet, {
		contentSecurityPolicy: {
			useDefaults: false,
			directives: {
				defaultSrc: ["'self'"],
				baseUri: ["'self'"],
				connectSrc: ["'self'", ownSockets],
				fontSrc: ["'self'", "data:"],
				formAction: ["'self'"],
				frameAncestors: ["'none'"],
				imgSrc: ["'self'", "data:", "blob:"],
				manifestSrc: ["'self'"],
				objectSrc: ["'none'"],
				scriptSrc: ["'self'"],
				scriptSrcAttr: ["'none'"],
				styleSrc: ["'self'", "'unsafe-inline'"],
				workerSrc: ["'self'", "blob:"],
			},
		},
		// Without TLS the browser ignores or suffers from these.
		strictTransportSecurity: tls ? { maxAge: 31_536_000 } : false,
		crossOriginOpenerPolicy: tls ? { policy: "same-origin" } : false,
		originAgentCluster: tls,
		referrerPolicy: { policy: "same-origin" },
		xFrameOptions: { action: "deny" },
	});
	app.addHook("onSend", async (request, reply) => {
		reply.header("permissions-policy", "camera=(self), geolocation=(), microphone=(), payment=(), usb=()");
		if (request.url.startsWith("/api") && !reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
	});
}
