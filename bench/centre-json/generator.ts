import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../../test/kit/processes.ts";
import type { LoadTask } from "./load-process.ts";

export interface Load {
	/** Before anything was measured, and altogether. */
	warm: number;
	sent: number;
	acknowledged: number;
	refused: number;
	stoppedMs: number;
	acknowledgedMs: number;
	counts: [topic: number, messages: number][];
}

/** Runs a task in a generator of its own; `begun` is called right before what is measured begins. */
export async function generate(task: LoadTask, begun: () => Promise<void> = async () => {}): Promise<Load> {
	const child = spawn(process.execPath, [join(root, "bench/centre-json/load-process.ts")], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const end = (): void => void child.kill("SIGKILL");
	process.once("exit", end);
	let warm = 0;
	try {
		for await (const line of createInterface({ input: child.stdout })) {
			const said = JSON.parse(line) as { state: string } & Load;
			if (said.state === "ready") child.stdin.write(`${JSON.stringify(task)}\n`);
			else if (said.state === "begun") {
				warm = said.sent;
				await begun();
			} else return { ...said, warm };
		}
		throw new Error("The generator ended early");
	} finally {
		process.off("exit", end);
		child.kill();
	}
}
