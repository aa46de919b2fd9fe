import { type DriverTools, MillwrightError } from "@millwright/core";
import { AttributeIds, type ClientSession, OPCUAClient, type OPCUAClientOptions } from "node-opcua-client";
import { discover } from "./endpoint.ts";
import { meansLoss, notThere, openFailure, timedOut } from "./errors.ts";
import { identityOf } from "./identity.ts";
import { type OwnCertificate, ownCertificate } from "./own-certificate.ts";
import type { Settings } from "./settings.ts";
import { guardedTransport } from "./transport.ts";
import { trustStore } from "./trust-store.ts";
import { within } from "./within.ts";

export interface Connection {
	readonly session: ClientSession;
	readonly tools: DriverTools;
	/** Runs a service call; rejects at the latest when time is up, the caller gives up or the connection ends. */
	call<T>(what: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
	/** The far end is gone: reported once, and everything pending rejects with it. */
	lose(reason: Error): void;
	readonly ended: AbortSignal;
	close(): Promise<void>;
}

/** How long a farewell may take; a server that is gone gives no answer to it. */
const farewellMs = 2000;
const serverStateNode = "i=2259";
/** What the library tells of its channels: a way to drop the socket of a peer that does not answer. */
interface Channel {
	forceConnectionBreak(): void;
}

/** One client, one session, never repaired: when it ends, the runtime opens anew. */
export async function connect(settings: Settings, tools: DriverTools): Promise<Connection> {
	const { clock, signal, log } = tools;
	signal.throwIfAborted();
	const own = await ownCertificate(tools.folder);
	warnOfExpiry(own, tools);
	const base: OPCUAClientOptions = {
		applicationName: "Millwright",
		applicationUri: own.applicationUri,
		clientName: "Millwright",
		certificateFile: own.certificateFile,
		privateKeyFile: own.privateKeyFile,
		clientCertificateManager: trustStore(tools, settings.endpoint),
		// The library neither reconnects nor keeps alive: it emits no bad quality meanwhile and its calls hang.
		connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 1000 },
		keepSessionAlive: false,
		endpointMustExist: false,
		requestedSessionTimeout: Math.max(30_000, settings.keepAlive * 5),
		transportTimeout: settings.connectTimeout,
		defaultTransactionTimeout: settings.requestTimeout,
		transportFactory: guardedTransport((thrown) =>
			log.debug("bytes that are no OPC UA", { endpoint: settings.endpoint, reason: String(thrown) }),
		),
	};

	const open: { client: OPCUAClient; channel?: Channel }[] = [];
	const keep = (client: OPCUAClient): void => {
		const entry: (typeof open)[number] = { client };
		open.push(entry);
		client.on("secure_channel_created", (channel) => {
			entry.channel = channel;
		});
	};
	/** Ends clients without asking the far end. */
	const drop = async (): Promise<void> => {
		for (const { client, channel } of open.splice(0)) {
			channel?.forceConnectionBreak();
			await within(client.disconnect(), { clock, ms: farewellMs, signals: [], late: () => new Error("late") }).catch(() => {});
		}
	};

	const attempt = async (): Promise<{ client: OPCUAClient; session: ClientSession }> => {
		const choice = await discover(settings, tools, base, keep);
		const client = OPCUAClient.create({ ...base, ...choice });
		keep(client);
		await client.connect(settings.endpoint);
		const session = await client.createSession(await identityOf(settings, tools.folder));
		return { client, session };
	};
	try {
		const { client, session } = await within(attempt(), {
			clock,
			ms: settings.connectTimeout,
			signals: [signal],
			late: () => notThere(settings.endpoint, settings.connectTimeout),
		});
		if (settings.security === "None" && settings.user !== undefined)
			log.warn("user and password travel over an unsecured channel", { endpoint: settings.endpoint });
		return watch(client, session, settings, tools, drop);
	} catch (error) {
		await drop();
		throw signal.aborted ? signal.reason : openFailure(error, settings, own.thumbprint);
	}
}

function warnOfExpiry(own: OwnCertificate, { clock, log }: DriverTools): void {
	const days = Math.floor((own.validUntilMs - clock.nowMs()) / 86_400_000);
	if (days < 30) log.warn("the certificate of this application ends soon", { days, file: own.certificateFile });
}

function watch(
	client: OPCUAClient,
	session: ClientSession,
	settings: Settings,
	tools: DriverTools,
	drop: () => Promise<void>,
): Connection {
	const { clock, signal } = tools;
	const ending = new AbortController();
	let heard = clock.monotonicMs();
	let asked: number | undefined;
	let closing: Promise<void> | undefined;

	const end = (reason: Error): void => {
		timer.cancel();
		signal.removeEventListener("abort", onAbort);
		ending.abort(reason);
	};
	const lose = (reason: Error): void => {
		if (ending.signal.aborted) return;
		end(reason);
		tools.lost(reason);
	};
	const outage = (code: string, what: string, cause?: unknown): MillwrightError =>
		new MillwrightError(code, `The server ${settings.endpoint} ${what}`, {
			kind: "outage",
			hint: "The connection is opened again by itself; look whether the server was stopped or restarted.",
			place: settings.endpoint,
			cause,
		});

	client.on("receive_chunk", () => {
		heard = clock.monotonicMs();
	});
	const onLost = (): void => lose(outage("opcua.connection-lost", "closed the connection"));
	client.on("connection_lost", onLost);
	client.on("close", onLost);
	session.on("session_closed", (status) => lose(outage("opcua.session-closed", `closed the session (${status.name})`)));
	const onAbort = (): void => {
		void close();
	};
	signal.addEventListener("abort", onAbort, { once: true });

	/** A socket can stay open for hours with nobody behind it. */
	const checkLife = (): void => {
		const now = clock.monotonicMs();
		if (asked !== undefined && heard >= asked) asked = undefined;
		if (asked !== undefined && now - asked >= settings.keepAlive) {
			// Our own process may have been busy: what waits in the socket is read before the verdict.
			clock.after(50, () => {
				if (asked !== undefined && heard < asked)
					lose(outage("opcua.silent", `said nothing for ${Math.round(clock.monotonicMs() - heard)} ms, not even when asked`));
			});
		} else if (asked === undefined && now - heard >= settings.keepAlive) {
			asked = now;
			session.read({ nodeId: serverStateNode, attributeId: AttributeIds.Value }).catch((error: unknown) => {
				if (meansLoss(error))
					lose(outage("opcua.session-lost", `no longer knows the session (${(error as Error).message})`, error));
			});
		}
	};
	const timer = clock.every(Math.max(100, Math.floor(settings.keepAlive / 4)), checkLife);

	const close = (): Promise<void> => {
		closing ??= (async () => {
			const wasAlive = !ending.signal.aborted;
			end(new MillwrightError("opcua.closed", `The connection to ${settings.endpoint} was closed`, { kind: "outage" }));
			const farewell = async (): Promise<void> => {
				await session.close(true);
				await client.disconnect();
			};
			if (wasAlive)
				await within(farewell(), { clock, ms: farewellMs, signals: [], late: () => new Error("late") }).catch(() => {});
			await drop();
		})();
		return closing;
	};

	return {
		session,
		tools,
		lose,
		ended: ending.signal,
		close,
		async call(what, work, callSignal) {
			const signals = callSignal ? [ending.signal, callSignal] : [ending.signal];
			for (const each of signals) each.throwIfAborted();
			try {
				return await within(work(), {
					clock,
					ms: settings.requestTimeout,
					signals,
					late: () => timedOut(`${what} at ${settings.endpoint}`, settings.requestTimeout),
				});
			} catch (error) {
				if (meansLoss(error))
					lose(outage("opcua.session-lost", `no longer knows the session (${(error as Error).message})`, error));
				throw error;
			}
		},
	};
}
