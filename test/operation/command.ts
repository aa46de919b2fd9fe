import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "../kit/processes.ts";

/** The command line as a person runs it, in a process of its own. */
export function command(
	args: readonly string[],
	{ env = {}, cwd = root }: { env?: Record<string, string>; cwd?: string } = {},
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
	return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, errors })));
}
