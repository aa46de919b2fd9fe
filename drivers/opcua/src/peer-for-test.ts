import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import type { PeerOptions } from "../peers/server-options.ts";

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const bound = server.address();
	await new Promise((resolve) => server.close(resolve));
	if (!bound || typeof bound === "string") throw new Error("no port");
	return bound.port;
}

/** A real server in a process of its own, that can be killed, frozen and brought back changed. */
export async function startPeer(given: Partial<PeerOptions> & { folder: string }) {
	let options: PeerOptions = {
		port: await freePort(),
		secured: false,
		anonymous: true,
		trustsClients: true,
		namespacesBefore: 0,
		nodePrefix: "",
		mostPerCall: 1000,
		many: 0,
		...given,
	};
	let child: ChildProcess;
	const start = async (): Promise<void> => {
		child = fork(join(import.meta.dirname, "..", "peers", "server.ts"), [JSON.stringify(options)], {
			stdio: ["ignore", "ignore", "inherit", "ipc"],
		});
		const [first] = (await Promise.race([
			once(child, "message"),
			once(child, "exit").then(() => {
				throw new Error("the server did not start");
			}),
		])) as [{ ready?: boolean }];
		if (!first.ready) throw new Error("the server did not say that it is ready");
	};
	const kill = async (): Promise<void> => {
		if (child.exitCode !== null || child.signalCode !== null) return;
		const gone = once(child, "exit");
		child.kill("SIGKILL");
		await gone;
	};
	await start();
	return {
		endpoint: `opc.tcp://127.0.0.1:${options.port}`,
		set: (name: string, value: number) => void child.send({ set: name, value }),
		remove: (name: string) => void child.send({ remove: name }),
		async get(name: string): Promise<unknown> {
			const answer = once(child, "message") as Promise<[{ value: unknown }]>;
			child.send({ get: name });
			return (await answer)[0].value;
		},
		kill,
		async revive(changes: Partial<PeerOptions> = {}) {
			options = { ...options, ...changes };
			await start();
		},
		freeze: () => void child.kill("SIGSTOP"),
		thaw: () => void child.kill("SIGCONT"),
	};
}
export type Peer = Awaited<ReturnType<typeof startPeer>>;
