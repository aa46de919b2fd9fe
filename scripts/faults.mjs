// npm run faults -- [--count N] [--seed S]: the fault programme; last line one JSON object.
import { join } from "node:path";
import { ensureInstalled } from "./lib/install.mjs";
import { findNode, root } from "./lib/node.mjs";
import { run } from "./lib/run.mjs";

ensureInstalled();
const { code } = await run(findNode(), [join(root, "test", "faults", "main.ts"), ...process.argv.slice(2)]);
process.exit(code);
