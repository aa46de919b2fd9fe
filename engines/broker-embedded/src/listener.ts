import { once } from "node:events";
import type { Server } from "node:net";

export function listenOn(server: Server, at: { host: string; port: number }): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(at.port, at.host, () => {
			server.removeListener("error", reject);
			resolve();
		});
	});
}

/** Closed clients have had their last bytes written; those that do not take them are cut on the next turn. */
export async function closeServer(server: Server, connections: readonly { destroy(): void }[]): Promise<void> {
	const closed = once(server, "close");
	server.close();
	setImmediate(() => {
		for (const connection of connections) connection.destroy();
	});
	await closed;
}
