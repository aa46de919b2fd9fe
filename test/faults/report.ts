import { execSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { root } from "../kit/processes.ts";

/** What one fault left behind, and when and with what it was last run whole. */
export interface FaultRecord {
	title: string;
	runs: number;
	lost: number;
	duplicated: number;
	reordered: number;
	crashed: number;
	failed?: string;
	figures: Record<string, number>;
	seconds: number;
	seed: number;
	at: string;
	commit: string;
	machine: string;
}

export interface FaultReport {
	runs: number;
	lost: number;
	duplicated: number;
	reordered: number;
	crashed: number;
	failed: number;
	faults: Record<string, FaultRecord>;
}

const folder = join(root, "docs", "measured");
const file = join(folder, "faults.json");

export const machine = (): string =>
	`${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${process.platform}-${process.arch}`;

export function commit(): string {
	try {
		return execSync("git rev-parse --short HEAD", { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
	} catch {
		return "none";
	}
}

/** Lays these faults over those kept from former runs, and writes the table anew. */
export function keep(records: Record<string, FaultRecord>, order: readonly string[]): void {
	const former = read();
	const known = { ...former, ...records };
	const faults = Object.fromEntries(order.flatMap((name) => (known[name] ? [[name, known[name]]] : [])));
	const sum = (of: (one: FaultRecord) => number) => Object.values(faults).reduce((total, one) => total + of(one), 0);
	const report: FaultReport = {
		runs: sum(({ runs }) => runs),
		lost: sum(({ lost }) => lost),
		duplicated: sum(({ duplicated }) => duplicated),
		reordered: sum(({ reordered }) => reordered),
		crashed: sum(({ crashed }) => crashed),
		failed: sum(({ failed }) => (failed === undefined ? 0 : 1)),
		faults,
	};
	mkdirSync(folder, { recursive: true });
	writeFileSync(file, `${JSON.stringify(report, null, "\t")}\n`);
	writeFileSync(join(folder, "faults.md"), table(report));
}

function read(): Record<string, FaultRecord> {
	try {
		return (JSON.parse(readFileSync(file, "utf8")) as FaultReport).faults;
	} catch {
		return {};
	}
}

function table({ faults, ...sums }: FaultReport): string {
	const header = ["fault", "what is done", "runs", "lost", "twice", "out of order", "crashed", "figures", "seconds", "of"];
	const rows = Object.entries(faults).map(([name, one]) => [
		`\`${name}\``,
		one.title,
		one.runs,
		one.lost,
		one.duplicated,
		one.reordered,
		one.failed === undefined ? one.crashed : `${one.crashed}, **failed**`,
		Object.entries(one.figures)
			.map(([key, value]) => `${key} ${value}`)
			.join(", "),
		one.seconds,
		`${one.at.slice(0, 10)}, ${one.commit}, seed ${one.seed}`,
	]);
	const whole = ["**all**", "", sums.runs, sums.lost, sums.duplicated, sums.reordered, sums.crashed, "", "", ""];
	const machines = [...new Set(Object.values(faults).map((one) => one.machine))];
	return [
		"# Faults: the last runs",
		"",
		"Written by `npm run faults -- --keep`, which lays the faults it ran over those kept from former runs; `test/faults/README.md` says",
		"what each does and what must hold. *Lost*, *twice* and *out of order* count values, *crashed* processes and errors that got out of",
		`their part. Machine: ${machines.join("; ")}, shared with other work while this ran.`,
		"",
		...[header, header.map(() => "---"), ...rows, whole].map((cells) => `| ${cells.join(" | ")} |`),
		"",
	].join("\n");
}
