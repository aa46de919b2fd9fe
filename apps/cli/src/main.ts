import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { asMillwrightError, createClient, MillwrightError, openApi } from "@millwright/core";
import { apis, runServer } from "@millwright/server";
import { commandsOf, findCommand, fitLists, nameOf, readOptions } from "./commands.ts";
import { doctor } from "./doctor.ts";
import { initialise } from "./init.ts";
import { show } from "./show.ts";
import { verifyAudit } from "./verify-audit.ts";

const commands = commandsOf(apis);

const help = () => `millwright <command> [--option value] [--why "reason"] [--json]

Running it
  start [--config FILE] [--data FOLDER] [--demo]   the platform
  init [FILE]                                      a first configuration to fill in
  doctor [--config FILE] [--data FOLDER]           what would keep it from starting
  audit verify [--data FOLDER]                     walk the audit chain on this machine
  openapi                                          the HTTP interface as a document

Asking it (address in MILLWRIGHT_URL, default http://127.0.0.1:8080; key in MILLWRIGHT_KEY)
${commands.map(({ words, operation }) => `  ${words.padEnd(28)} ${operation.summary}`).join("\n")}
`;

async function main(args: string[]): Promise<void> {
	const [first, second, ...rest] = args;
	if (first === undefined || first === "help" || first === "--help" || first === "-h")
		return void process.stdout.write(second ? helpFor(second, rest[0]) : help());
	if (first === "start") return runServer(args.slice(1));
	if (first === "init") return initialise(second);
	if (first === "doctor") return doctor(args.slice(1));
	if (first === "openapi")
		return void process.stdout.write(`${JSON.stringify(openApi(apis, { title: "Millwright", version: "0.1.0" }), null, 2)}\n`);
	if (first === "audit" && second === "verify" && !rest.includes("--remote")) return verifyAudit(rest);

	const command = findCommand(commands, first, second);
	const { input, why, json } = readOptions(
		rest.filter((arg) => arg !== "--remote"),
		command.operation,
	);
	const key = process.env.MILLWRIGHT_KEY;
	if (!key && command.operation.allow !== "anyone")
		throw new MillwrightError("cli.key-missing", "No key to sign in with", {
			kind: "unauthenticated",
			hint: "Make a key under Access in the screens and set MILLWRIGHT_KEY.",
		});
	const client = createClient(
		command.step,
		{ [command.key]: command.operation },
		{
			baseUrl: process.env.MILLWRIGHT_URL ?? "http://127.0.0.1:8080",
			headers: key ? { authorization: `Bearer ${key}` } : {},
		},
	);
	const call = client[command.key] as (input: unknown, options: { why?: string }) => Promise<unknown>;
	const answer = await call(fitLists(input, command.operation), why === undefined ? {} : { why });
	if (command.operation.download) return save(answer as Response);
	process.stdout.write(json ? `${JSON.stringify(answer, null, 2)}\n` : `${show(answer)}\n`);
}

function helpFor(step: string, name: string | undefined): string {
	const command = findCommand(commands, step, name);
	const { shape = {} } = command.operation.input as { shape?: Record<string, unknown> };
	return `millwright ${command.words}\n\n${command.operation.summary} (${nameOf(command)}, ${command.operation.effect}).\nOptions: ${
		Object.keys(shape)
			.map((field) => `--${field}`)
			.join(" ") || "none"
	}\n`;
}

/** A download goes to the file the server names, in this folder; never over an existing one. */
async function save(response: Response): Promise<void> {
	const named = /filename="?([^";]+)"?/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "download";
	const file = named.replace(/[^\w.-]/g, "_");
	if (!response.body) throw new MillwrightError("cli.download-empty", "The server sent nothing", { kind: "outage" });
	await pipeline(Readable.fromWeb(response.body as never), createWriteStream(file, { flags: "wx" }));
	process.stdout.write(`${file}\n`);
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
	const error = asMillwrightError(thrown);
	process.stderr.write(
		`${error.code}: ${error.message}\n${error.place ? `  at ${error.place}\n` : ""}${error.hint ? `  ${error.hint}\n` : ""}`,
	);
	process.exitCode = 1;
});
