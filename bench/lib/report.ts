import { execSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { root } from "../../test/kit/processes.ts";

export interface Report {
	name: string;
	/** What was measured and under which conditions, for a person: payload, durability, stages on. */
	conditions: Record<string, string | number>;
	metrics: Record<string, unknown>;
	peers?: Record<string, unknown>;
}

const machine = () =>
	`${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${process.platform}-${process.arch}`;

/** A table for people, a file under bench/out, and one line of JSON at the end for programs. */
export function report({ name, conditions, metrics, peers = {} }: Report): void {
	const whole = { name, at: new Date().toISOString(), commit: commit(), machine: machine(), conditions, metrics, peers };
	const rows = [
		...Object.entries(conditions),
		...Object.entries(metrics).map(([key, value]): [string, unknown] => [
			key,
			typeof value === "object" ? JSON.stringify(value) : value,
		]),
	];
	const width = Math.max(...rows.map(([key]) => key.length));
	for (const [key, value] of rows) console.log(`${key.padEnd(width)}  ${value}`);
	mkdirSync(join(root, "bench", "out"), { recursive: true });
	writeFileSync(join(root, "bench", "out", `${name}.json`), `${JSON.stringify(whole, null, "\t")}\n`);
	console.log(JSON.stringify(whole));
}

function commit(): string {
	try {
		return execSync("git rev-parse --short HEAD", { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
	} catch {
		return "none";
	}
}

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));
