import { createServer, type Server, type Socket } from "node:net";
import { type Clock, MillwrightError } from "@millwright/core";
import { MalformedPdu } from "./exceptions.ts";
import { createFrameSplitter, encodeFrame, type Frame } from "./mbap.ts";
import type { Request, Response } from "./pdu.ts";
import { decodeRequest } from "./pdu-request.ts";
import { encodeResponse } from "./pdu-response.ts";
import { type UnitHandler, type UnitMemory, unitOf } from "./unit-memory.ts";

/** What is to go wrong with one answer. */
export interface AnswerFault {
	delayMs?: number;
	/** No answer at all. */
	drop?: boolean;
	/** Another transaction id than the one asked with: a stale answer. */
	transaction?: number;
	unit?: number;
	/** Only the first bytes of the frame. */
	truncate?: number;
	/** Answers with this exception instead. */
	exception?: number;
}

export interface AskedRequest {
	/** Address and port of the client. */
	client: string;
	transaction: number;
	unit: number;
	request: Request;
}

export interface ModbusServerOptions {
	clock: Clock;
	host?: string;
	/** 0 takes a free one; kept over `unplug` and `listen`. */
	port?: number;
	units: ReadonlyMap<number, UnitMemory | UnitHandler>;
	/** Fault injection; called for each request that could be decoded. */
	beforeAnswer?(asked: AskedRequest): AnswerFault | undefined;
	maxConnections?: number;
}

export interface ModbusServer {
	/** Begins to listen, again after `unplug`; resolves with the port. */
	listen(): Promise<number>;
	readonly port: number;
	connections(): { client: string; asked: number }[];
	/** Stops listening and destroys every socket at once. */
	unplug(): Promise<void>;
	/** Half-open: sockets stay, also new ones are taken, nothing is read or answered. Undone by `thaw`. */
	freeze(): void;
	thaw(): void;
	close(): Promise<void>;
	readonly figures: Readonly<{ asked: number; answered: number; malformed: number }>;
}

/** Answers of one client under way; more, and its socket is not read meanwhile. */
const mostUnderWay = 64;
const targetFailed = 11;

/** A Modbus TCP server for simulators and tests: right answers, and wrong ones on demand. */
export function createModbusServer(options: ModbusServerOptions): ModbusServer {
	const { clock, host = "127.0.0.1", maxConnections = 64 } = options;
	const clients = new Map<Socket, { client: string; asked: number; resume(): void }>();
	const figures = { asked: 0, answered: 0, malformed: 0 };
	const memories = new WeakMap<UnitMemory, (request: Request) => Response>();
	let port = options.port ?? 0;
	let server: Server | undefined;
	let frozen = false;
	/** Answers ready while frozen; they come late, after the thaw. */
	const held = new Set<() => void>();

	const handlerOf = (unit: number): UnitHandler | undefined => {
		const found = options.units.get(unit);
		if (!found || typeof found === "function") return found;
		let handler = memories.get(found);
		if (!handler) {
			handler = unitOf(found);
			memories.set(found, handler);
		}
		return handler;
	};

	const serve = (socket: Socket): void => {
		if (clients.size >= maxConnections) return void socket.destroy();
		const about = { client: `${socket.remoteAddress}:${socket.remotePort}`, asked: 0, resume: () => {} };
		let underWay = 0;
		const flow = (): void => {
			if (frozen || underWay >= mostUnderWay || socket.writableNeedDrain) socket.pause();
			else socket.resume();
		};
		about.resume = flow;
		clients.set(socket, about);

		const send = (frame: Frame, fault: AnswerFault): void => {
			if (socket.destroyed || fault.drop) return;
			const bytes = encodeFrame({
				...frame,
				transaction: fault.transaction ?? frame.transaction,
				unit: fault.unit ?? frame.unit,
			});
			socket.write(fault.truncate === undefined ? bytes : bytes.subarray(0, fault.truncate));
			figures.answered++;
		};
		const answer = async ({ transaction, unit, pdu }: Frame): Promise<void> => {
			let response: Response;
			let fault: AnswerFault = {};
			try {
				const request = decodeRequest(pdu);
				fault = options.beforeAnswer?.({ client: about.client, transaction, unit, request }) ?? {};
				const handler = handlerOf(unit);
				if (fault.exception !== undefined) response = { code: request.code, exception: fault.exception };
				else if (!handler) response = { code: request.code, exception: targetFailed };
				else {
					const answered = handler(request);
					response = answered instanceof Promise ? await answered : answered;
				}
			} catch (error) {
				figures.malformed++;
				response = { code: (pdu[0] as number) & 0x7f, exception: error instanceof MalformedPdu ? error.answer : 4 };
			}
			if (fault.delayMs) await clock.sleep(fault.delayMs);
			if (frozen) await new Promise<void>((resolve) => held.add(resolve));
			send({ transaction, unit, pdu: encodeResponse(response) }, fault);
		};
		const splitter = createFrameSplitter((frame) => {
			figures.asked++;
			about.asked++;
			underWay++;
			answer(frame)
				.catch(() => socket.destroy())
				.finally(() => {
					underWay--;
					flow();
				});
		});
		socket.on("data", (chunk) => {
			try {
				splitter.push(chunk);
			} catch {
				figures.malformed++;
				socket.destroy();
			}
			flow();
		});
		socket.on("drain", flow);
		socket.on("error", () => socket.destroy());
		socket.on("close", () => clients.delete(socket));
		flow();
	};

	const unplug = async (): Promise<void> => {
		const was = server;
		server = undefined;
		for (const socket of clients.keys()) socket.destroy();
		clients.clear();
		for (const release of held) release();
		held.clear();
		if (was) await new Promise<void>((resolve) => was.close(() => resolve()));
	};
	const setFrozen = (to: boolean): void => {
		frozen = to;
		if (!frozen) {
			for (const release of held) release();
			held.clear();
		}
		for (const about of clients.values()) about.resume();
	};

	return {
		figures,
		get port() {
			return port;
		},
		async listen() {
			if (server) return port;
			const created = createServer({ noDelay: true }, serve);
			await new Promise<void>((resolve, reject) => {
				created.once("error", (cause) =>
					reject(
						new MillwrightError("modbus.server-cannot-listen", `${host}:${port} cannot be listened on: ${cause.message}`, {
							kind: "outage",
							hint: "Another program may hold the port.",
							cause,
						}),
					),
				);
				created.listen(port, host, resolve);
			});
			created.on("error", () => {});
			server = created;
			const bound = created.address();
			if (bound && typeof bound === "object") port = bound.port;
			return port;
		},
		connections: () => [...clients.values()].map(({ client, asked }) => ({ client, asked })),
		unplug,
		freeze: () => setFrozen(true),
		thaw: () => setFrozen(false),
		close: unplug,
	};
}
