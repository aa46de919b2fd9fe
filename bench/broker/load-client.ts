import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connectFrame, subscribeFrame } from "./frames.ts";

/** Connected and admitted; the caller listens from here on. */
export async function openClient(port: number, clientId: string, lasting = false): Promise<Socket> {
	const socket = connect({ port, host: "127.0.0.1", noDelay: true });
	socket.on("error", (error) => {
		console.error(`${clientId}: ${error.message}`);
		process.exit(1);
	});
	await once(socket, "connect");
	socket.write(connectFrame(clientId, lasting));
	const [answer] = (await once(socket, "data")) as [Buffer];
	if (answer[0] !== 0x20 || answer[3] !== 0) throw new Error(`${clientId} was refused with ${answer[3]}`);
	return socket;
}

export async function subscribe(socket: Socket, filter: string, qos: 0 | 1): Promise<void> {
	socket.write(subscribeFrame(filter, qos));
	const [answer] = (await once(socket, "data")) as [Buffer];
	if (answer[0] !== 0x90 || answer[4] !== qos) throw new Error(`The subscription to ${filter} was refused`);
}

/** In groups, so that nobody's listen backlog is what is measured. */
export async function openClients(port: number, prefix: string, count: number, lasting = false): Promise<Socket[]> {
	const clients: Socket[] = [];
	for (let from = 0; from < count; from += 50) {
		const group = Array.from({ length: Math.min(50, count - from) }, (_, index) =>
			openClient(port, `${prefix}-${from + index}`, lasting),
		);
		clients.push(...(await Promise.all(group)));
	}
	return clients;
}
