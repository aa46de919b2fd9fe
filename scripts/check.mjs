// npm run check: types, lint, format, arrows, unused code. A checker that checked nothing has failed.
import { ensureInstalled } from "./lib/install.mjs";
import { run } from "./lib/run.mjs";

ensureInstalled();
const checks = [
	{ name: "types", command: "tsc", args: ["-p", "tsconfig.json"] },
	{ name: "types of what drives a browser", command: "tsc", args: ["-p", "tsconfig.browser.json"] },
	{ name: "types of the screens", command: "tsc", args: ["-p", "apps/web/tsconfig.json"] },
	{
		name: "types checked something",
		command: "tsc",
		args: ["-p", "tsconfig.json", "--listFilesOnly"],
		holds: (output) => output.split("\n").filter((line) => /\.ts$/.test(line) && !line.includes("node_modules")).length > 100,
	},
	{
		name: "lint and format",
		command: "biome",
		args: ["check", "--error-on-warnings", "."],
		holds: (output) => /Checked [1-9]\d{2,} files/.test(output),
	},
	{
		name: "floating promises",
		command: "oxlint",
		args: ["--type-aware", "--deny-warnings"],
		holds: (output) => /on [1-9]\d{2,} files/.test(output),
	},
	{
		name: "arrows",
		command: "vitest",
		args: ["run", "test/arrows.test.ts"],
		holds: (output) => /Tests .*\d+ passed/.test(output),
	},
	{ name: "reference says what the contracts say", command: "node", args: ["scripts/reference.ts", "--check"] },
	{ name: "unused code", command: "knip", args: ["--no-progress", "--no-config-hints"] },
];
let failed = 0;
for (const { name, command, args, holds } of checks) {
	const began = performance.now();
	const { code, output } = await run(command, args, { quiet: true, env: { NO_COLOR: "1", FORCE_COLOR: "0" } });
	const fine = code === 0 && (holds === undefined || holds(output));
	console.log(`${fine ? "ok    " : "FAILED"} ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
	if (!fine) {
		failed++;
		console.log(output);
	}
}
console.log(failed === 0 ? "all checks passed" : `${failed} checks failed`);
process.exit(failed === 0 ? 0 : 1);
