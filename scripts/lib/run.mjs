import { spawn, spawnSync } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { findNode, root } from "./node.mjs";

/** Environment in which the tools of the clone come first, on the Node that npm brought. */
export function toolEnvironment(extra = {}) {
	return {
		...process.env,
		PATH: [dirname(findNode()), join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter),
		...extra,
	};
}

/** Runs a tool of the clone; resolves with its exit code. Its output goes where ours goes. */
export function run(command, args, { env = {}, cwd = root, quiet = false } = {}) {
	return new Promise((resolve) => {
		const child = spawn(command, args, {
			cwd,
			env: toolEnvironment(env),
			stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
			shell: process.platform === "win32",
		});
		let output = "";
		child.stdout?.on("data", (text) => {
			output += text;
		});
		child.stderr?.on("data", (text) => {
			output += text;
		});
		child.on("error", (error) => resolve({ code: 127, output: error.message }));
		child.on("close", (code) => resolve({ code: code ?? 1, output }));
	});
}

/** Path of a program on the machine; undefined where there is none. */
export function which(...names) {
	for (const name of names) {
		const found = spawnSync(process.platform === "win32" ? "where" : "which", [name], { encoding: "utf8" });
		if (found.status === 0) return found.stdout.split("\n")[0].trim();
	}
	return undefined;
}
