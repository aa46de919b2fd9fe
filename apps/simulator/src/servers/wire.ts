import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { type Clock, MillwrightError } from "@millwright/core";

/** A cable between clients and a server on loopback that can be pulled, gone half-open, or slow. */
export interface Wire {
	readonly port: number;
	/** Stops listening and destroys every connection. */
	cut(): Promise<void>;
	/** Listens (again) and lets everything flow. */
	restore(): Promise<void>;
	/** Keeps and takes connections, but nothing moves any more. */
	freeze(): void;
	/** Everything the server says arrives late by so many ms. */
	slow(delayMs: number): void;
}

const mostConnections = 64;

export async function openWire(about: { port: number; serverPort(): number; clock: Clock }): Promise<Wire> {
	const { clock } = about;
	let { port } = about;
	let listener: Server | undefined;
	let frozen = false;
	let delayMs = 0;
	const pairs = new Set<{ client: Socket; server: Socket }>();

	const join = (client: Socket): void => {
		if (pairs.size >= mostConnections) return void client.destroy();
		const server = dial({ port: about.serverPort(), host: "127.0.0.1", noDelay: true });
		const pair = { client, server };
		pairs.add(pair);
		const end = (): void => {
			pairs.delete(pair);
			client.destroy();
			server.destroy();
		};
		const carry = (from: Socket, to: Socket, late: boolean): void => {
			/** Bytes under way, first in, first out: what comes later never overtakes. */
			const underWay: { bytes: Buffer; due: number }[] = [];
			const deliver = (): void => {
				for (let next = underWay[0]; next; next = underWay[0]) {
					const wait = next.due - clock.monotonicMs();
					if (wait > 0) return void clock.after(wait, deliver);
					underWay.shift();
					if (!to.destroyed && !to.write(next.bytes)) from.pause();
				}
			};
			from.on("data", (bytes) => {
				underWay.push({ bytes, due: clock.monotonicMs() + (late ? delayMs : 0) });
				if (underWay.length === 1) deliver();
			});
			to.on("drain", () => {
				if (!frozen) from.resume();
			});
			from.on("error", end);
			from.on("close", end);
		};
		carry(client, server, false);
		carry(server, client, true);
		if (frozen) {
			client.pause();
			server.pause();
		}
	};

	const listen = async (): Promise<void> => {
		if (listener) return;
		const created = createServer({ noDelay: true }, join);
		await new Promise<void>((resolve, reject) => {
			created.once("error", (cause) =>
				reject(
					new MillwrightError("simulator.cannot-listen", `127.0.0.1:${port} cannot be listened on: ${cause.message}`, {
						kind: "outage",
						hint: "Another program may hold the port; start with --ports 0 to take free ones.",
						cause,
					}),
				),
			);
			created.listen(port, "127.0.0.1", resolve);
		});
		created.on("error", () => {});
		listener = created;
		const bound = created.address();
		if (bound && typeof bound === "object") port = bound.port;
	};
	const setFrozen = (to: boolean): void => {
		frozen = to;
		for (const { client, server } of pairs)
			for (const socket of [client, server]) {
				if (to) socket.pause();
				else socket.resume();
			}
	};

	await listen();
	return {
		get port() {
			return port;
		},
		async cut() {
			const was = listener;
			listener = undefined;
			for (const { client, server } of pairs) {
				client.destroy();
				server.destroy();
			}
			pairs.clear();
			if (was) await new Promise<void>((resolve) => was.close(() => resolve()));
		},
		async restore() {
			delayMs = 0;
			setFrozen(false);
			await listen();
		},
		freeze: () => setFrozen(true),
		slow(ms) {
			delayMs = ms;
		},
	};
}
