import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./node.mjs";
import { run } from "./run.mjs";

const web = join(root, "apps", "web");
const mark = join(web, "dist", ".built-from");

/** Everything the screens are made of: their own sources, the contracts and core. */
function fingerprint() {
	const hash = createHash("sha256");
	const add = (path) => {
		if (!existsSync(path)) return;
		if (statSync(path).isDirectory()) {
			for (const name of readdirSync(path).sort()) if (name !== "dist" && name !== "node_modules") add(join(path, name));
		} else if (!/\.test\.tsx?$/.test(path)) hash.update(relative(root, path)).update(readFileSync(path));
	};
	for (const part of ["apps/web", "base/core/src", "package-lock.json"]) add(join(root, part));
	for (const group of ["loop", "govern", "base"])
		for (const step of readdirSync(join(root, group)).sort()) {
			const source = join(root, group, step, "src");
			const contracts = readdirSync(source, { recursive: true }).filter((name) => /(^|[\\/])api(-[a-z-]+)?\.ts$/.test(name));
			for (const name of contracts.sort()) add(join(source, name));
		}
	return hash.digest("hex");
}

/** Builds the screens if anything they are made of has changed. */
export async function ensureWebBuilt() {
	const wanted = fingerprint();
	if (existsSync(mark) && readFileSync(mark, "utf8") === wanted) return;
	console.log("Building the screens …");
	const { code, output } = await run("vite", ["build", "--logLevel", "warn"], { cwd: web, quiet: true });
	if (code !== 0) {
		console.error(output);
		console.error("The screens could not be built.");
		process.exit(1);
	}
	writeFileSync(mark, wanted);
}
