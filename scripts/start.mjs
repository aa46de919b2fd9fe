// npm start: installs if needed, builds the screens if stale, runs everything with the demo plant.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureInstalled } from "./lib/install.mjs";
import { findNode, root, serverEnvironment } from "./lib/node.mjs";
import { ensureWebBuilt } from "./lib/web.mjs";

const [major] = process.versions.node.split(".").map(Number);
if (major < 20) {
	console.error(`Node ${process.versions.node} is too old to install Millwright; it needs Node 20 or newer.`);
	process.exit(1);
}
ensureInstalled();
await ensureWebBuilt();
const child = spawn(findNode(), [join(root, "apps", "server", "src", "main.ts"), "start", "--demo", ...process.argv.slice(2)], {
	cwd: root,
	stdio: "inherit",
	env: serverEnvironment(),
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("close", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
