import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { root, type Usage, usageOf } from "../../test/kit/processes.ts";

/** A program that answers each line with one line of JSON. */
export interface Child {
	pid: number;
	ask<T>(): Promise<T>;
	usage(): Usage;
	stop(): Promise<void>;
}

export async function startChild(command: string, args: readonly string[]): Promise<Child> {
	const child = spawn(command, args, { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
	const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
	const end = () => child.kill("SIGKILL");
	process.once("exit", end);
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const next = async <T>(): Promise<T> => {
		const { value, done } = await lines.next();
		if (done) throw new Error(`${args[0]} ended with ${await exited}`);
		return JSON.parse(value as string) as T;
	};
	await next();
	return {
		pid: child.pid as number,
		ask() {
			child.stdin.write("count\n");
			return next();
		},
		usage: () => usageOf(child.pid as number),
		async stop() {
			child.kill("SIGTERM");
			const late = setTimeout(end, 15_000);
			await exited;
			clearTimeout(late);
			process.off("exit", end);
		},
	};
}
