import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./node.mjs";

const mark = join(root, "node_modules", ".millwright-installed");

/** Installs exactly what package-lock.json says, if that has not been done yet. */
export function ensureInstalled() {
	const wanted = createHash("sha256")
		.update(readFileSync(join(root, "package-lock.json")))
		.digest("hex");
	if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
	console.log("Installing what Millwright needs (once; about a minute) …");
	// Not `npm ci`: it refuses a lock that leaves out what other platforms need, and registries that mirror only some platforms
	// make such locks. `npm install` takes what the lock pins and adds what this platform needs at the version its parent pins.
	// Node 20 is told that parts want a newer Node; they get it: npm brings Node 24 with this very install.
	const done = spawnSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
		cwd: root,
		stdio: ["ignore", "inherit", "inherit"],
		shell: process.platform === "win32",
	});
	if (done.status !== 0) {
		console.error(
			"npm install failed. Check that the npm registry can be reached and that this folder may be written, then try again.",
		);
		process.exit(1);
	}
	writeFileSync(mark, wanted);
}
