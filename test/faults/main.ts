import { parseArgs } from "node:util";
import { catalogue } from "./catalogue.ts";
import { commit, type FaultRecord, keep, machine } from "./report.ts";

const { values } = parseArgs({
	options: {
		count: { type: "string", default: "50" },
		seed: { type: "string", default: "1" },
		only: { type: "string" },
		/** Writes what came out into docs/measured. */
		keep: { type: "boolean", default: false },
	},
});
const seed = Number(values.seed);
const wanted = values.only?.split(",");
for (const name of wanted ?? [])
	if (!catalogue[name]) throw new Error(`No fault "${name}": ${Object.keys(catalogue).join(", ")}`);

// What was started ends with us.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
const began = performance.now();
const say = (line: string) => console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}`);
const order = { count: Number(values.count), seed, say };
const total = { runs: 0, lost: 0, duplicated: 0, reordered: 0, crashed: 0, failed: 0 };
const byFault: Record<string, FaultRecord> = {};
for (const [name, { title, runs, run }] of Object.entries(catalogue)) {
	if (wanted && !wanted.includes(name)) continue;
	say(`${name} …`);
	const at = performance.now();
	const record: FaultRecord = {
		title,
		runs: runs(order),
		lost: 0,
		duplicated: 0,
		reordered: 0,
		crashed: 0,
		figures: {},
		seconds: 0,
		seed,
		at: new Date().toISOString(),
		commit: commit(),
		machine: machine(),
	};
	try {
		Object.assign(record, await run(order));
		say(`${name}: ${JSON.stringify(record)}`);
	} catch (thrown) {
		total.failed++;
		record.failed = thrown instanceof Error ? thrown.message : String(thrown);
		say(`${name} FAILED: ${thrown instanceof Error ? thrown.stack : record.failed}`);
	}
	record.seconds = Math.round((performance.now() - at) / 1000);
	byFault[name] = record;
	for (const key of ["runs", "lost", "duplicated", "reordered", "crashed"] as const) total[key] += record[key];
	if (values.keep) keep({ [name]: record }, Object.keys(catalogue));
}
console.log(
	JSON.stringify({
		name: "faults",
		at: new Date().toISOString(),
		seed,
		commit: commit(),
		machine: machine(),
		...total,
		seconds: Math.round((performance.now() - began) / 1000),
		byFault,
	}),
);
const { runs: _, ...mustBeNone } = total;
process.exit(Object.values(mustBeNone).every((number) => number === 0) ? 0 : 1);
