import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { MillwrightError } from "@millwright/core";
import { platformApi } from "@millwright/platform/api";
import { connect } from "./connect.ts";

/** `millwright diagnostics`: the bundle into a file of the caller's choice, never over an existing one. */
export async function diagnostics(args: string[]): Promise<void> {
	const { values } = parseArgs({ args, options: { to: { type: "string", default: "millwright-diagnostics.zip" } } });
	const { diagnostics: ask } = platformApi;
	const { body } = (await connect("platform", { diagnostics: ask }).diagnostics({})) as Response;
	if (!body) throw new MillwrightError("cli.download-empty", "The server sent nothing", { kind: "outage" });
	await pipeline(Readable.fromWeb(body as never), createWriteStream(values.to, { flags: "wx", mode: 0o600 }));
	process.stdout.write(
		`${values.to}\nSecrets are masked. Look through it before you send it: names of machines, people and places are in it.\n`,
	);
}
