import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Health } from "@millwright/runtime";

export interface ChildReport {
	port: number;
	health: Health;
	/** Client id and messages that wait or are under way. */
	queued: [string, number][];
}

export interface BrokerChild {
	port: number;
	/** Sends a command ("" for none) and takes the answer. */
	tell(command?: "" | "fill" | "free"): Promise<ChildReport>;
	/** As a power cut of the process. */
	kill(): Promise<void>;
}

const script = new URL("./broker-process.ts", import.meta.url).pathname;

/** Starts a broker in a process of its own; `around` is a command that runs it, on a disk of its own for example. */
export async function startBrokerChild(folder: string, port = 0, around?: readonly string[]): Promise<BrokerChild> {
	const [program = "", ...args] = [...(around ?? []), process.execPath, script, folder, String(port)];
	const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
	const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
	const orphaned = (): void => void child.kill("SIGKILL");
	process.once("exit", orphaned);
	void gone.then(() => process.removeListener("exit", orphaned));
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const report = async (): Promise<ChildReport> => {
		const { value, done } = await lines.next();
		if (done === true) throw new Error("The broker's process ended");
		return JSON.parse(value as string) as ChildReport;
	};
	const first = await report();
	return {
		port: first.port,
		tell(command = "") {
			child.stdin.write(`${command}\n`);
			return report();
		},
		async kill() {
			child.kill("SIGKILL");
			await gone;
		},
	};
}
