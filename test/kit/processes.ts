import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Running<Ready> {
	pid: number;
	/** The line of JSON it printed when it was ready. */
	ready: Ready;
	/** Everything it wrote to standard error, the last 64 kB of it. */
	errors(): string;
	/** Asks it to end, waits; after `withinMs` it is killed. */
	stop(withinMs?: number): Promise<void>;
	/** Ends it as a power cut would. */
	kill(): Promise<void>;
	exited: Promise<number | null>;
	write(line: string): void;
}

/** Starts a program of ours on the Node that runs us and waits for its first line of JSON. Ends with us. */
export async function startProgram<Ready>(
	script: string,
	args: readonly string[],
	{
		env = {},
		readyWithinMs = 60_000,
		through = [],
	}: {
		env?: Record<string, string>;
		readyWithinMs?: number;
		/** A command that becomes the program, as "nsenter …" does. */
		through?: readonly string[];
	} = {},
): Promise<Running<Ready>> {
	const [command, ...before] = [...through, process.execPath];
	const child = spawn(command as string, [...before, script, ...args], {
		cwd: root,
		env: { ...process.env, UV_THREADPOOL_SIZE: "8", ...env },
		stdio: ["pipe", "pipe", "pipe"],
	});
	const exited = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
	let errors = "";
	child.stderr.on("data", (text: Buffer) => {
		errors = (errors + text.toString()).slice(-65_536);
	});
	const ready = await firstJson<Ready>(child, exited, () => errors, readyWithinMs);
	const end = () => child.kill("SIGKILL");
	process.once("exit", end);
	void exited.then(() => process.off("exit", end));
	return {
		pid: child.pid as number,
		ready,
		errors: () => errors,
		async stop(withinMs = 20_000) {
			child.kill("SIGTERM");
			const late = setTimeout(() => child.kill("SIGKILL"), withinMs);
			await exited;
			clearTimeout(late);
		},
		async kill() {
			child.kill("SIGKILL");
			await exited;
		},
		exited,
		write: (line) => void child.stdin.write(`${line}\n`),
	};
}

function firstJson<Ready>(
	child: ChildProcess,
	exited: Promise<number | null>,
	errors: () => string,
	withinMs: number,
): Promise<Ready> {
	return new Promise((resolve, reject) => {
		const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
		const late = setTimeout(() => fail("was not ready in time"), withinMs);
		const fail = (why: string) => {
			clearTimeout(late);
			child.kill("SIGKILL");
			reject(new Error(`${child.spawnargs.slice(1, 3).join(" ")} ${why}\n${errors()}`));
		};
		lines.on("line", (line) => {
			if (!line.startsWith("{")) return;
			clearTimeout(late);
			resolve(JSON.parse(line) as Ready);
		});
		void exited.then((code) => fail(`ended with ${code} before it was ready`));
	});
}

export interface Usage {
	/** User and system time, ms. */
	cpuMs: number;
	residentMb: number;
}

/** What a process has used, from Linux's /proc. */
export function usageOf(pid: number): Usage {
	const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
	const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	const ticks = Number(fields[11]) + Number(fields[12]);
	const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
	return { cpuMs: ticks * 10, residentMb: Number(resident?.[1] ?? 0) / 1024 };
}
