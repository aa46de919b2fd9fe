import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { asMillwrightError } from "@millwright/core";
import { createClock, createLog, openConfig } from "@millwright/runtime";
import { runEdge } from "./run.ts";
import { sections } from "./settings.ts";
import { describeStatus, readStatus } from "./status.ts";

const usage = `millwright-edge [start] [--config edge.yaml] [--data data]   reads the machines until a signal ends it
millwright-edge status [--data data] [--json]              how it is; ends with 0 good, 1 degraded, 2 failing, 3 not running
millwright-edge check [--config edge.yaml]                 reads the configuration and says what is wrong with it
`;
const codes = { good: 0, degraded: 1, failing: 2 } as const;

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			config: { type: "string", default: "edge.yaml" },
			data: { type: "string", default: "data" },
			"ready-json": { type: "boolean", default: false },
			json: { type: "boolean", default: false },
		},
	});
	const [command = "start"] = positionals;
	switch (command) {
		case "start":
			await runEdge({ config: values.config, data: values.data, readyJson: values["ready-json"] });
			return;
		case "status": {
			const status = readStatus(resolve(values.data));
			if (!status) {
				process.stdout.write(`No status in ${resolve(values.data)}: the edge has not run with this data folder.\n`);
				process.exitCode = 3;
				return;
			}
			const { text, isRunning } = describeStatus(status, Date.now());
			process.stdout.write(values.json ? `${JSON.stringify({ ...status, isRunning }, null, 2)}\n` : text);
			process.exitCode = isRunning ? codes[status.state] : 3;
			return;
		}
		case "check":
			await openConfig({
				file: resolve(values.config),
				sections,
				log: createLog({ level: "error" }),
				clock: createClock(),
			});
			process.stdout.write(`${values.config} fits.\n`);
			return;
		default:
			process.stderr.write(usage);
			process.exitCode = 2;
	}
}

main().catch((thrown: unknown) => {
	const error = asMillwrightError(thrown);
	const problems = (error.data?.problems ?? []) as { message: string; place?: string; hint?: string }[];
	process.stderr.write(`\n${error.message}\n`);
	for (const { message, place, hint } of problems)
		process.stderr.write(`  ${place ?? ""}: ${message}${hint ? `\n    ${hint}` : ""}\n`);
	if (error.hint && problems.length === 0) process.stderr.write(`  ${error.hint}\n`);
	if (error.kind === "bug" && error.stack) process.stderr.write(`${error.stack}\n`);
	process.exit(1);
});
