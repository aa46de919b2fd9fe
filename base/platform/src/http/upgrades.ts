import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Log } from "@millwright/core";
import { isSameOrigin } from "./same-origin.ts";

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer, about: { address: string }) => void;

export interface Upgrades {
	/** Hands WebSocket upgrades of a path to a part. `anyOrigin` is for protocols that bring their own sign-in (MQTT). */
	onUpgrade(path: string, handler: UpgradeHandler, options?: { anyOrigin?: boolean }): void;
	attach(server: Server): void;
	/** Ends what is still open. */
	end(): void;
	readonly open: number;
}

/** HTTP connections that become something else. */
export function createUpgrades({ log, trustProxy }: { log: Log; trustProxy: boolean }): Upgrades {
	const handlers = new Map<string, { handler: UpgradeHandler; anyOrigin: boolean }>();
	const sockets = new Set<Duplex>();

	const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		// An upgraded socket is out of the HTTP server's care: without a listener a reset would end the process.
		socket.on("error", () => socket.destroy());
		const path = (request.url ?? "").split("?")[0] ?? "";
		const found = handlers.get(path);
		if (!found) return refuse(socket, 404, "Not Found");
		if (!found.anyOrigin && !isSameOrigin(request.headers.origin, hostOf(request, trustProxy)))
			return refuse(socket, 403, "Forbidden");
		sockets.add(socket);
		socket.once("close", () => sockets.delete(socket));
		try {
			found.handler(request, socket, head, { address: addressOf(request, trustProxy) });
		} catch (error) {
			log.error("An upgrade failed", { path, error: String(error) });
			socket.destroy();
		}
	};

	return {
		onUpgrade(path, handler, { anyOrigin = false } = {}) {
			handlers.set(path, { handler, anyOrigin });
		},
		attach: (server) => void server.on("upgrade", upgrade),
		end() {
			for (const socket of sockets) socket.destroy();
		},
		get open() {
			return sockets.size;
		},
	};
}

/** Answers an upgrade in plain HTTP and hangs up. */
export function refuse(socket: Duplex, status: number, reason: string): void {
	socket.end(`HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

/** What the nearest proxy added; what stands before it came with the request. */
const last = (header: string | string[] | undefined): string | undefined =>
	(Array.isArray(header) ? header.at(-1) : header)?.split(",").at(-1)?.trim();

const hostOf = (request: IncomingMessage, trustProxy: boolean): string | undefined =>
	(trustProxy ? last(request.headers["x-forwarded-host"]) : undefined) ?? request.headers.host;

const addressOf = (request: IncomingMessage, trustProxy: boolean): string =>
	(trustProxy ? last(request.headers["x-forwarded-for"]) : undefined) ?? request.socket.remoteAddress ?? "";
