import { silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { createAuditFile } from "./audit-file.ts";
import { factsOf } from "./facts.ts";

/** A process to be killed: writes entries as fast as it can, eight at once, and says each one's letter when it is durable. */
const [file = "", name = ""] = process.argv.slice(2);
const clock = createFakeClock();
const chain = createAuditFile({ file, log: silentLog, onDurable: () => undefined });
await chain.open(undefined);
let next = 0;
async function writeOn(): Promise<void> {
	for (;;) {
		const letter = `${name}-${++next}`;
		const who = { id: "user_1", name: "Ada", kind: "person" as const, roles: [] };
		const input = { id: letter, text: "x".repeat((next * 37) % 3000) };
		await chain.append(
			factsOf({ who, from: "test", what: "test.write", input, why: "", outcome: "done", code: "" }, clock.nowMs()),
		);
		process.stdout.write(`${letter}\n`);
	}
}
await Promise.all(Array.from({ length: 8 }, writeOn));
