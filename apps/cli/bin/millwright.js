#!/usr/bin/env node
// Finds the Node that runs TypeScript and hands over: npx millwright may be called with an older one.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findNode, serverEnvironment } from "../../../scripts/lib/node.mjs";

const main = join(dirname(fileURLToPath(import.meta.url)), "..", "src", "main.ts");
const child = spawn(findNode(), [main, ...process.argv.slice(2)], { stdio: "inherit", env: serverEnvironment() });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("close", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
