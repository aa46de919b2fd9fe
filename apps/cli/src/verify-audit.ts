import { join } from "node:path";
import { parseArgs } from "node:util";
import { verifyAuditFile } from "@millwright/audit";
import { MillwrightError } from "@millwright/core";

/** Walks the audit chain in a data folder, whether the platform runs or not. */
export async function verifyAudit(args: string[]): Promise<void> {
	const { values } = parseArgs({
		args,
		options: { data: { type: "string", default: "data" }, json: { type: "boolean", default: false } },
	});
	const result = await verifyAuditFile(join(values.data, "audit.jsonl"));
	if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
	else if (result.whole) process.stdout.write(`The chain is whole: ${result.entries} entries, head ${result.head}\n`);
	if (!result.whole)
		throw new MillwrightError("audit.chain-broken", `The chain breaks at entry ${result.brokenAt}: ${result.reason}`, {
			kind: "input",
			hint: "Keep the file as it is and compare it with a backup.",
		});
}
