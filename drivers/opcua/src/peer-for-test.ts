import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import type { DriverTools, Log } from "@millwright/core";
import { createClock } from "@millwright/runtime";
import type { PeerOptions } from "../peers/server-options.ts";
import type { Address } from "./address.ts";
import opcua from "./index.ts";

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
		/** `as` is another node id for the same name. */
		add: (name: string, value: number, as?: string) => void child.send({ add: name, value, as }),
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

/** Opens a session as the runtime would, in a folder of its own. */
export async function openForTest(settings: Record<string, unknown>, given: Partial<DriverTools> & { folder: string }) {
	const losses: Error[] = [];
	const session = await opcua.open(opcua.settings.parse(settings), {
		clock: createClock(),
		log: quiet,
		signal: new AbortController().signal,
		trust: { isTrusted: () => true },
		lost: (reason) => losses.push(reason),
		...given,
	});
	if (session.kind !== "item") throw new Error("OPC UA has items");
	return { session, losses };
}
const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, part: () => quiet };

export const nodeOf = (name: string): Address => ({ node: `nsu=urn:millwright:test-plant;s=${name}` });
export const pathOf = (name: string): Address => ({ path: `/Line1/CNC1/${name}`, namespace: "urn:millwright:test-plant" });
export const soon = (): AbortSignal => AbortSignal.timeout(8000);
