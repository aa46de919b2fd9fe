import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "../kit/processes.ts";

/** The command line as a person runs it, in a process of its own. */
export function command(
	args: readonly string[],
	{
		env = {},
		cwd = root,
		killWhen,
	}: {
		env?: Record<string, string>;
		cwd?: string;
		/** Killed as soon as this holds; asked every millisecond. */
		killWhen?(): boolean;
	} = {},
): Promise<{ code: number | null; out: string; errors: string }> {
	const child = spawn(process.execPath, [join(root, "apps/cli/src/main.ts"), ...args], {
		cwd,
		env: { ...process.env, ...env },
		stdio: ["ignore", "pipe", "pipe"],
	});
	let out = "";
	let errors = "";
	child.stdout.on("data", (text: Buffer) => {
		out += text.toString();
	});
	child.stderr.on("data", (text: Buffer) => {
		errors += text.toString();
	});
	const watch = setInterval(() => {
		if (killWhen?.()) child.kill("SIGKILL");
	}, 1);
	return new Promise((resolve) =>
		child.once("close", (code) => {
			clearInterval(watch);
			resolve({ code, out, errors });
		}),
	);
}
