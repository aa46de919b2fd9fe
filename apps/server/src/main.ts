import { asMillwrightError } from "@millwright/core";
import { runServer } from "./run.ts";

const [command, ...args] = process.argv.slice(2);
if (command !== "start") {
	process.stderr.write("Usage: main.ts start [--config FILE] [--data FOLDER] [--demo]\n");
	process.exit(2);
}
runServer(args).catch((thrown: unknown) => {
	const error = asMillwrightError(thrown);
	const problems = (error.data?.problems ?? []) as { message: string; place?: string; hint?: string }[];
	process.stderr.write(`\n${error.message}\n`);
	for (const { message, place, hint } of problems)
		process.stderr.write(`  ${place ?? ""}: ${message}${hint ? `\n    ${hint}` : ""}\n`);
	if (error.hint && problems.length === 0) process.stderr.write(`  ${error.hint}\n`);
	if (error.kind === "bug" && error.stack) process.stderr.write(`${error.stack}\n`);
	process.exit(1);
});
