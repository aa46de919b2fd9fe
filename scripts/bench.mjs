// npm run bench -- NAME [--seconds N]: one measurement; a table, and as the last line one JSON object.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled } from "./lib/install.mjs";
import { findNode, root } from "./lib/node.mjs";
import { run } from "./lib/run.mjs";
import { ensureWebBuilt } from "./lib/web.mjs";

ensureInstalled();
const names = readdirSync(join(root, "bench"), { withFileTypes: true })
	.filter((entry) => entry.isDirectory() && existsSync(join(root, "bench", entry.name, "main.ts")))
	.map((entry) => entry.name);
const [name, ...rest] = process.argv.slice(2);
if (!name || !names.includes(name)) {
	console.error(`Name one of: ${names.join(", ")}`);
	process.exit(2);
}
await ensureWebBuilt();
const { code } = await run(findNode(), ["--expose-gc", join(root, "bench", name, "main.ts"), ...rest]);
process.exit(code);
