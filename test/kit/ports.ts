import { createServer } from "node:net";

/** Below the ports that systems give to outgoing connections (32768 … on Linux), so that nobody takes one while its owner is down. */
const lowest = 20_000;
const highest = 31_000;

const isFree = (port: number): Promise<boolean> =>
	new Promise((resolve) => {
		const server = createServer();
		server.once("error", () => resolve(false));
		server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
	});

/** A number to add to every one of these ports so that all of them are free; begins to look at a place of this process's own. */
export async function freeOffset(ports: readonly number[]): Promise<number> {
	const span = Math.max(...ports) - Math.min(...ports);
	const places = highest - lowest - span;
	for (let attempt = 0; attempt < 500; attempt++) {
		const offset = lowest + ((process.pid * 97 + attempt * 211) % places) - Math.min(...ports);
		const free = await Promise.all(ports.map((port) => isFree(port + offset)));
		if (free.every(Boolean)) return offset;
	}
	throw new Error(`No place for ${ports.length} ports between ${lowest} and ${highest}`);
}

/** Ports that keep their numbers over restarts. */
export async function fixedPorts(count: number): Promise<number[]> {
	const ports = Array.from({ length: count }, (_, i) => i);
	const offset = await freeOffset(ports);
	return ports.map((port) => port + offset);
}
