import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Address } from "./address.ts";

const home = join(import.meta.dirname, "..");
/** Where `npm test` puts it, so that nothing of the machine is changed. */
const environment = join(home, "..", "..", "node_modules", ".cache", "millwright-peers", "asyncua");
/** Older ones lack what the server needs. */
const isRecent =
	"from asyncua import Server, ua; Server.set_force_server_timestamp; ua.SecurityPolicyType.Aes256Sha256RsaPss_Sign";

/** The Python that has asyncua: of the clone, else of the machine. */
export const python = existsSync(join(environment, "ready"))
	? join(environment, "bin", "python")
	: spawnSync("python3", ["-c", isRecent], { stdio: "ignore" }).status === 0
		? "python3"
		: undefined;

interface Introduction {
	port: number;
	thumbprint: string;
	/** Number of the plant's namespace. */
	plant: number;
}

/** A server by other authors than our client's library, in a process of its own. */
export async function startAsyncua(options: { folder: string; anonymous?: boolean; namespacesBefore?: number }) {
	const child: ChildProcessWithoutNullStreams = spawn(python ?? "python3", [
		join(home, "peers", "server.py"),
		JSON.stringify(options),
	]);
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	let complaints = "";
	child.stderr.on("data", (text) => {
		complaints = (complaints + text).slice(-4000);
	});
	child.stdin.on("error", () => {});
	const answer = async (): Promise<Record<string, unknown>> => {
		const { value, done } = await lines.next();
		if (done) throw new Error(`the asyncua server ended: ${complaints}`);
		const message = JSON.parse(value) as Record<string, unknown>;
		if (message.error !== undefined) throw new Error(`the asyncua server could not: ${message.error}`);
		return message;
	};
	let last: Promise<unknown> = Promise.resolve();
	/** One order at a time; answers come in order. */
	const order = (message: Record<string, unknown>): Promise<Record<string, unknown>> => {
		const now = last.then(() => {
			child.stdin.write(`${JSON.stringify(message)}\n`);
			return answer();
		});
		last = now.catch(() => {});
		return now;
	};
	let introduction = (await answer()) as unknown as Introduction;
	return {
		endpoint: `opc.tcp://127.0.0.1:${introduction.port}`,
		thumbprint: introduction.thumbprint,
		plant: () => introduction.plant,
		stop: () => order({ do: "stop" }),
		async start(namespacesBefore: number) {
			introduction = (await order({ do: "start", namespacesBefore })) as unknown as Introduction;
		},
		delete: (name: string) => order({ do: "delete", name }),
		setStatus: (name: string, status: string) => order({ do: "status", name, status }),
		get: (name: string) => order({ do: "get", name }),
		trustClients: (clients: boolean) => order({ do: "trust", clients }),
		clients: () => order({ do: "clients" }) as Promise<unknown> as Promise<{ sessions: number; subscriptions: number }>,
		async close() {
			if (child.exitCode !== null || child.signalCode !== null) return;
			const gone = new Promise((resolve) => child.once("exit", resolve));
			child.stdin.end();
			await gone;
		},
	};
}
export type Asyncua = Awaited<ReturnType<typeof startAsyncua>>;

/** As people find it in server.py; in nsu= its ; and % are escaped. */
export const plantUri = "urn:millwright:asyncua;plant 100%";
export const nodeOf = (name: string): Address => ({ node: `nsu=urn:millwright:asyncua%3Bplant 100%25;s=${name}` });
export const pathOf = (name: string): Address => ({ path: `/Line1/CNC1/${name}`, namespace: plantUri });
