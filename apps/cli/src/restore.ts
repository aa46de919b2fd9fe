import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { MillwrightError } from "@millwright/core";
import { createClock } from "@millwright/runtime";
import { restoreBackup } from "@millwright/server";
import { print, said } from "./backup.ts";
import { createLine } from "./words.ts";

/** `millwright restore`: with the platform stopped. */
export async function restore(args: string[]): Promise<void> {
	const { values } = parseArgs({
		args,
		options: {
			from: { type: "string" },
			data: { type: "string", default: "data" },
			config: { type: "string", default: "millwright.yaml" },
			replace: { type: "boolean", default: false },
			json: { type: "boolean", default: false },
		},
	});
	if (values.from === undefined || !existsSync(values.from))
		throw new MillwrightError("cli.place-missing", values.from ? `There is no ${values.from}` : "Which backup?", {
			kind: "input",
			hint: "millwright restore --from FOLDER --data FOLDER",
		});
	const line = createLine();
	const data = resolve(values.data);
	try {
		const { manifest, aside, config, rows } = await restoreBackup({
			from: resolve(values.from),
			data,
			configFile: resolve(values.config),
			replace: values.replace,
			clock: createClock(),
			progress: line.say,
		});
		line.end();
		print(values.json, { data, aside, config, rows, until: manifest.until }, [
			`Restored to ${data}`,
			...said({ ...manifest, rows }),
			`Configuration: ${config.file} (${config.how})`,
			...(aside ? [`What was there before is in ${aside}`] : []),
			...manifest.notes,
			`Next: npx millwright start --data ${values.data}${config.how === "in the data folder" ? ` --config ${config.file}` : ` --config ${values.config}`}`,
		]);
	} finally {
		line.end();
	}
}
