import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { randomBytes, seeded } from "./seeded.ts";

/** A machine that speaks nonsense: to Modbus almost right frames and noise by turns, to anything else noise. */
export interface HostileMachine {
	port: number;
	/** Times it has been asked and has answered nonsense. */
	readonly answers: number;
	close(): void;
}

export async function openHostileMachine(seed: number): Promise<HostileMachine> {
	const random = seeded(seed);
	const sockets = new Set<Socket>();
	let answers = 0;
	const server = createServer((socket) => {
		sockets.add(socket);
		socket.on("error", () => {});
		socket.on("close", () => sockets.delete(socket));
		socket.on("data", (asked) => {
			answers++;
			socket.write(nonsense(random, asked));
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		port: (server.address() as AddressInfo).port,
		get answers() {
			return answers;
		},
		close() {
			for (const socket of sockets) socket.destroy();
			server.close();
		},
	};
}

/** The question's own bytes with some changed or cut off, or bytes that never were a frame. */
function nonsense(random: () => number, asked: Buffer): Buffer {
	const kind = random();
	if (kind < 0.3) return randomBytes(random, 1 + Math.floor(random() * 300));
	const frame = Buffer.concat([asked.subarray(0, 12), randomBytes(random, Math.floor(random() * 260))]);
	if (kind < 0.6 && frame.length > 9) {
		frame.writeUInt16BE(frame.length - 6, 4);
		frame[8] = Math.max(0, frame.length - 9) & 0xff;
	}
	if (kind < 0.8) for (let i = 0; i < 3; i++) frame[Math.floor(random() * frame.length)] = Math.floor(random() * 256);
	return kind < 0.9 ? frame : frame.subarray(0, Math.floor(random() * frame.length));
}

export const hostileConnections = (port: number) => ({
	"hostile-modbus": {
		driver: "modbus",
		settings: { host: "127.0.0.1", port, unit: 1 },
		every: 20,
		timeout: 50,
		retry: { first: 20, longest: 100 },
		tags: {
			"northworks/hostile/a": { address: { register: 0, type: "uint16" } },
			"northworks/hostile/b": { address: { register: 400, type: "float32" } },
		},
	},
	"hostile-opcua": {
		driver: "opcua",
		settings: { endpoint: `opc.tcp://127.0.0.1:${port}`, security: "None" },
		timeout: 1000,
		retry: { first: 50, longest: 200 },
		tags: { "northworks/hostile/c": { address: { node: "ns=1;i=1" } } },
	},
});
