import { randomInt } from "node:crypto";
import { connect, type Socket } from "node:net";
import { type Clock, MillwrightError } from "@millwright/core";
import { connectFailure } from "./connect-failure.ts";
import { MalformedPdu } from "./exceptions.ts";
import { createFrameSplitter, encodeFrame, type Frame } from "./mbap.ts";
import type { Request, Response } from "./pdu.ts";
import { encodeRequest } from "./pdu-request.ts";
import { checkAnswer, decodeResponse } from "./pdu-response.ts";

/** What became of the frames that came in. */
export interface ClientFigures {
	asked: number;
	answered: number;
	/** Answers to requests that were given up before; dropped. */
	late: number;
	/** Answers to transactions never asked on this connection; dropped. */
	unknown: number;
	/** Right transaction, but another unit or function: somebody else's answer; dropped. */
	foreign: number;
	/** Answers whose bytes do not fit what was asked; the request fails. */
	malformed: number;
	/** Requests given up because somebody else's answer came while several were under way. */
	doubted: number;
}

export interface TcpClient {
	/** The device's answer, exceptions included. Rejects with the signal's reason, a `MalformedPdu`, or why the connection ended. */
	request<R extends Request>(unit: number, request: R, signal?: AbortSignal): Promise<Response>;
	readonly figures: Readonly<ClientFigures>;
	close(): void;
}

export interface TcpClientOptions {
	host: string;
	port: number;
	connectTimeoutMs: number;
	clock: Clock;
	/** Ends the attempt to connect, and later the connection. */
	signal: AbortSignal;
	/** Called once when the connection ends without `close`. */
	lost(reason: Error): void;
	/** First transaction id; by chance when left out, so that answers meant for a former connection match nothing. */
	firstTransaction?: number;
}

interface Pending {
	unit: number;
	request: Request;
	settle(): void;
	resolve(response: Response): void;
	reject(reason: unknown): void;
}

/** More than any device serves; only a caller that never waits gets here. */
const mostInFlight = 1024;
/** Bytes the far end has not taken; a frozen peer must not make us remember every request it never read. */
const mostUnsent = 65_536;
/** Ids of requests given up, kept free so that their late answers are known for what they are. */
const mostAbandoned = 8192;
/**
 * An answer nobody waits for shows that the far end mixes its answers up: its next one may carry the id of another request
 * of ours, and nothing in it would tell. From then on requests go one at a time, where no wrong id can fit, until so many
 * answers in a row were right.
 */
const rightInARow = 100;

export async function connectTcp(options: TcpClientOptions): Promise<TcpClient> {
	const socket = await dial(options);
	return clientOver(socket, options);
}

function dial({ host, port, connectTimeoutMs, clock, signal }: TcpClientOptions): Promise<Socket> {
	signal.throwIfAborted();
	return new Promise((resolve, reject) => {
		const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
		const settle = (): void => {
			timer.cancel();
			signal.removeEventListener("abort", onAbort);
			socket.off("connect", onConnect);
		};
		const fail = (reason: unknown): void => {
			settle();
			socket.destroy();
			reject(reason);
		};
		const onConnect = (): void => {
			settle();
			socket.off("error", onError);
			resolve(socket);
		};
		const onAbort = (): void => fail(signal.reason);
		const onError = (cause: Error): void => fail(connectFailure(host, port, cause));
		const timer = clock.after(connectTimeoutMs, () =>
			fail(connectFailure(host, port, { code: "ETIMEDOUT", afterMs: connectTimeoutMs })),
		);
		socket.once("connect", onConnect);
		// Stays until connected: after destroy a socket may still report why.
		socket.on("error", onError);
		signal.addEventListener("abort", onAbort, { once: true });
	});
}

function clientOver(socket: Socket, { host, port, signal, lost, firstTransaction }: TcpClientOptions): TcpClient {
	const pending = new Map<number, Pending>();
	const abandoned = new Set<number>();
	const figures: ClientFigures = { asked: 0, answered: 0, late: 0, unknown: 0, foreign: 0, malformed: 0, doubted: 0 };
	/** Requests that wait for their turn while one goes at a time. */
	const queue = new Set<() => void>();
	let careful = false;
	let right = 0;
	let next = firstTransaction ?? randomInt(0x10000);
	let ended: Error | undefined;

	const end = (reason: Error, ours: boolean): void => {
		if (ended) return;
		ended = reason;
		signal.removeEventListener("abort", onAbort);
		socket.destroy();
		for (const waiting of pending.values()) {
			waiting.settle();
			waiting.reject(reason);
		}
		pending.clear();
		abandoned.clear();
		// What waits for its turn finds the end by itself.
		for (const start of queue) start();
		queue.clear();
		if (!ours) lost(reason);
	};
	const gone = (what: string, cause?: unknown): MillwrightError =>
		new MillwrightError("modbus.connection-lost", `${host}:${port} ${what}`, {
			kind: "outage",
			hint: "The connection is opened again by itself; check power, cable and whether the device allows another client.",
			cause,
		});
	const closedByUs = (): MillwrightError =>
		new MillwrightError("modbus.closed", `The connection to ${host}:${port} was closed`, { kind: "outage" });
	const onAbort = (): void => end(closedByUs(), true);

	const doubt = (): void => {
		careful = true;
		right = 0;
		if (pending.size < 2) return;
		const reason = new MillwrightError("modbus.answers-mixed-up", `${host}:${port} sent an answer that belongs to no request`, {
			kind: "outage",
			hint: "Requests go one at a time now; look for a gateway that mixes up its clients, or a timeout that is too short.",
		});
		for (const [transaction, waiting] of [...pending]) {
			figures.doubted++;
			waiting.settle();
			abandon(transaction);
			waiting.reject(reason);
		}
		goOn();
	};
	const goOn = (): void => {
		while (queue.size > 0 && (!careful || pending.size === 0)) {
			const [start] = queue as Iterable<() => void> as [() => void];
			queue.delete(start);
			start();
		}
	};

	const take = (frame: Frame): void => {
		const waiting = pending.get(frame.transaction);
		if (!waiting) {
			if (abandoned.delete(frame.transaction)) figures.late++;
			else figures.unknown++;
			doubt();
			return;
		}
		if (frame.unit !== waiting.unit || ((frame.pdu[0] as number) & 0x7f) !== waiting.request.code) {
			figures.foreign++;
			doubt();
			return;
		}
		waiting.settle();
		pending.delete(frame.transaction);
		if (careful && ++right >= rightInARow) careful = false;
		try {
			const response = decodeResponse(frame.pdu);
			checkAnswer(waiting.request, response);
			figures.answered++;
			waiting.resolve(response);
		} catch (error) {
			figures.malformed++;
			waiting.reject(error instanceof MalformedPdu ? error : new MalformedPdu(String(error)));
		}
		goOn();
	};
	const splitter = createFrameSplitter(take);

	const freeTransaction = (): number => {
		while (pending.has(next) || abandoned.has(next)) next = (next + 1) & 0xffff;
		const transaction = next;
		next = (next + 1) & 0xffff;
		return transaction;
	};
	const abandon = (transaction: number): void => {
		pending.delete(transaction);
		abandoned.add(transaction);
		if (abandoned.size > mostAbandoned) for (const oldest of abandoned) return void abandoned.delete(oldest);
	};

	socket.on("data", (chunk) => {
		try {
			splitter.push(chunk);
		} catch (error) {
			end(error as Error, false);
		}
	});
	socket.on("error", (cause) => end(gone(`broke the connection (${cause.message})`, cause), false));
	socket.on("end", () => end(gone("closed the connection"), false));
	socket.on("close", () => end(gone("closed the connection"), false));
	signal.addEventListener("abort", onAbort, { once: true });

	return {
		figures,
		request(unit, request, requestSignal) {
			return new Promise<Response>((resolve, reject) => {
				if (ended) throw ended;
				requestSignal?.throwIfAborted();
				if (pending.size + queue.size >= mostInFlight || socket.writableLength > mostUnsent)
					throw new MillwrightError("modbus.too-many-requests", `Too many requests to ${host}:${port} wait for answers`, {
						kind: "busy",
					});
				const pdu = encodeRequest(request);
				let transaction: number | undefined;
				const onRequestAbort = (): void => {
					if (transaction === undefined) queue.delete(start);
					else abandon(transaction);
					reject(requestSignal?.reason);
					goOn();
				};
				const settle = (): void => requestSignal?.removeEventListener("abort", onRequestAbort);
				const start = (): void => {
					if (ended) {
						settle();
						reject(ended);
						return;
					}
					transaction = freeTransaction();
					pending.set(transaction, { unit, request, resolve, reject, settle });
					figures.asked++;
					socket.write(encodeFrame({ transaction, unit, pdu }));
				};
				requestSignal?.addEventListener("abort", onRequestAbort, { once: true });
				if (careful && pending.size > 0) queue.add(start);
				else start();
			});
		},
		close: () => end(closedByUs(), true),
	};
}
