import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { asMillwrightError, MillwrightError, openApi } from "@millwright/core";
import { apis, runServer, version } from "@millwright/server";
import { backup, verify } from "./backup.ts";
import { commandsOf, findCommand, fitLists, nameOf, readOptions } from "./commands.ts";
import { connect } from "./connect.ts";
import { diagnostics } from "./diagnostics.ts";
import { doctor } from "./doctor.ts";
import { initialise } from "./init.ts";
import { restore } from "./restore.ts";
import { show } from "./show.ts";
import { verifyAudit } from "./verify-audit.ts";

const commands = commandsOf(apis);

const help = () => `millwright <command> [--option value] [--why "reason"] [--json]

Running it
  start [--config FILE] [--data FOLDER] [--demo]   the platform
  init [FILE]                                      a first configuration to fill in
  doctor [--config FILE] [--data FOLDER]           what would keep it from starting
  backup [--to FOLDER] [--data FOLDER]             everything into a folder, while it runs or while it is stopped
  backup verify --from FOLDER                      whether a backup is whole
  restore --from FOLDER [--data FOLDER] [--config FILE] [--replace]
                                                   a backup in the place of a stopped platform's data
  diagnostics [--to FILE]                          everything support needs, without secrets
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
	if (first === "backup") return second === "verify" ? verify(rest) : backup(args.slice(1));
	if (first === "restore") return restore(args.slice(1));
	if (first === "diagnostics") return diagnostics(args.slice(1));
	if (first === "openapi")
		return void process.stdout.write(`${JSON.stringify(openApi(apis, { title: "Millwright", version }), null, 2)}\n`);
	if (first === "audit" && second === "verify" && !rest.includes("--remote")) return verifyAudit(rest);

	const command = findCommand(commands, first, second);
	const { input, why, json } = readOptions(
		rest.filter((arg) => arg !== "--remote"),
		command.operation,
	);
	const client = connect(command.step, { [command.key]: command.operation });
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
