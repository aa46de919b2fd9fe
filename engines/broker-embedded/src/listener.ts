import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import type { Clock, Log, Timer } from "@millwright/core";
import { EntryPace } from "./entry-pace.ts";
import { type BrokerLimits, fixedLimits } from "./limits.ts";
import { secureContextOf, serverOptionsOf, stampOf, type TlsFiles, validUntil } from "./tls-files.ts";
import { addressOf } from "./transport.ts";

const lookAtFilesMs = 30_000;
const tellEveryMs = 60_000;

export interface ListenerOptions {
	at: { host: string; port: number };
	tls: TlsFiles | undefined;
	limits: BrokerLimits;
	clock: Clock;
	log: Log;
	/** A client came in, its handshake done. */
	accept(socket: Socket): void;
	/** One was turned away before its CONNECT. */
	refused(): void;
}

/** The door for sockets: how many from one address, at which pace, and with which certificate. */
export class SocketListener {
	readonly #options: ListenerOptions;
	readonly #server: Server;
	readonly #pace: EntryPace<Socket>;
	readonly #sockets = new Set<Socket>();
	readonly #perAddress = new Map<string, number>();
	/** Handshakes under way, with the end of their time. */
	readonly #shaking = new Map<string, Timer>();
	readonly #told = new Map<string, number>();
	#secure: TlsServer | undefined;
	#files: Timer | undefined;
	#seen = "";
	/** Ms since 1970 UTC; Infinity without a certificate. */
	certificateUntilMs = Number.POSITIVE_INFINITY;

	constructor(options: ListenerOptions) {
		this.#options = options;
		// Bytes stay in the kernel until a newcomer is let in.
		this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#knock(socket));
		this.#server.maxConnections = options.limits.maxClients + 256;
		this.#pace = new EntryPace({
			perSecond: options.limits.connectionsPerSecond,
			clock: options.clock,
			enter: (socket) => this.#enter(socket),
		});
	}

	get port(): number {
		const address = this.#server.address();
		return typeof address === "object" && address !== null ? address.port : 0;
	}

	async start(): Promise<void> {
		const { at, tls, clock, log } = this.#options;
		if (tls !== undefined) {
			this.#seen = stampOfOrNone(tls);
			this.#secure = createTlsServer(serverOptionsOf(tls), (socket) => this.#verified(socket));
			this.#secure.on("tlsClientError", (error, socket) => {
				this.#options.refused();
				log.debug("A TLS handshake failed", { address: socket.remoteAddress, reason: error.message });
				socket.destroy();
			});
			this.certificateUntilMs = validUntil(tls);
		}
		await listenOn(this.#server, at);
		this.#server.on("error", (error) => log.error("The MQTT listener failed", { error: error.message }));
		this.#server.on("drop", () => {
			this.#options.refused();
			this.#tell("full", "MQTT connections are refused: there are as many as may be", {});
		});
		if (tls !== undefined) this.#files = clock.every(lookAtFilesMs, () => this.#renew(tls));
	}

	#knock(socket: Socket): void {
		const from = socket.remoteAddress ?? "unknown";
		const { limits } = this.#options;
		const there = this.#perAddress.get(from) ?? 0;
		socket.on("error", () => socket.destroy());
		if (there >= limits.maxConnectionsPerAddress) {
			this.#options.refused();
			this.#tell(from, "An address has as many MQTT connections as one may have; more are refused", { address: from });
			socket.destroy();
			return;
		}
		this.#perAddress.set(from, there + 1);
		this.#sockets.add(socket);
		socket.once("close", () => {
			this.#sockets.delete(socket);
			const left = (this.#perAddress.get(from) ?? 1) - 1;
			if (left > 0) this.#perAddress.set(from, left);
			else this.#perAddress.delete(from);
		});
		this.#pace.add(socket);
	}

	#enter(socket: Socket): void {
		if (socket.destroyed) return;
		if (this.#secure === undefined) {
			this.#options.accept(socket);
			socket.resume();
			return;
		}
		const who = addressOf(socket);
		const late = this.#options.clock.after(fixedLimits.connectSeconds * 1000, () => {
			this.#options.refused();
			socket.destroy();
		});
		this.#shaking.set(who, late);
		socket.once("close", () => this.#shaken(who));
		this.#secure.emit("connection", socket);
	}

	#shaken(who: string): void {
		this.#shaking.get(who)?.cancel();
		this.#shaking.delete(who);
	}

	#verified(socket: TLSSocket): void {
		this.#shaken(addressOf(socket));
		// Without a duty to show one, none is welcome too; a wrong one is not.
		if (!socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0) {
			this.#options.refused();
			this.#options.log.debug("A client certificate does not verify", {
				address: socket.remoteAddress,
				reason: String(socket.authorizationError),
			});
			socket.destroy();
			return;
		}
		this.#options.accept(socket);
	}

	/** New connections use renewed files; broken ones are told and the old ones stay. Nobody who is here is disturbed. */
	#renew(files: TlsFiles): void {
		const { log } = this.#options;
		const now = stampOfOrNone(files);
		if (now === this.#seen) return;
		this.#seen = now;
		try {
			this.#secure?.setSecureContext(secureContextOf(files));
			this.certificateUntilMs = validUntil(files);
			log.info("The certificate of MQTT was renewed", { file: files.certFile });
		} catch (error) {
			log.error("The new certificate of MQTT cannot be used; the former one stays", {
				file: files.certFile,
				error: String(error),
			});
		}
	}

	/** A word a minute, however many knock. */
	#tell(about: string, message: string, data: Record<string, unknown>): void {
		const nowMs = this.#options.clock.monotonicMs();
		if (nowMs < (this.#told.get(about) ?? 0)) return;
		if (this.#told.size > 1000) this.#told.clear();
		this.#told.set(about, nowMs + tellEveryMs);
		this.#options.log.warn(message, data);
	}

	/** Closed clients have had their last bytes written; those that do not take them are cut on the next turn. */
	async stop(): Promise<void> {
		this.#files?.cancel();
		this.#pace.stop();
		const closed = once(this.#server, "close");
		this.#server.close();
		setImmediate(() => {
			for (const socket of this.#sockets) socket.destroy();
		});
		await closed;
	}
}

function stampOfOrNone(files: TlsFiles): string {
	try {
		return stampOf(files);
	} catch {
		return "";
	}
}

function listenOn(server: Server, at: { host: string; port: number }): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(at.port, at.host, () => {
			server.removeListener("error", reject);
			resolve();
		});
	});
}
