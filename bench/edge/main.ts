import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadConfig } from "../../apps/simulator/src/load-config.ts";
import { startLoadPlant } from "../../test/kit/load-plant.ts";
import { throwAwayFolder } from "../../test/kit/platform.ts";
import { root } from "../../test/kit/processes.ts";
import { report, rounded } from "../lib/report.ts";
import { type Child, startChild } from "./child.ts";
import { pythonWithPymodbus } from "./pymodbus.ts";

/**
 * Values a second through real Modbus TCP servers (a process of their own) into the edge: driver, pipelines, ring on disk. Each
 * way of running has the machine to itself, one after the other; the servers answer whoever asks.
 */
const { values } = parseArgs({
	options: {
		seconds: { type: "string", default: "20" },
		connections: { type: "string", default: "10" },
		registers: { type: "string", default: "620" },
		"cpu-prof": { type: "string" },
		only: { type: "string" },
	},
});
const seconds = Number(values.seconds);
const shape = {
	modbusConnections: Number(values.connections),
	registersPerConnection: Number(values.registers),
	opcuaTags: 0,
	rate: 10,
	counting: "reads" as const,
};
const warmUpMs = 3000;
const { folder, remove } = throwAwayFolder("edge");
const plant = await startLoadPlant({ shape, folder });
const ports = Object.values(plant.ports).join(",");

interface Counted {
	values: number;
	batches: number;
	lost: number;
	duplicated: number;
	late: number;
	readToDurableP99Ms: number;
	failures: number;
	good: number;
}

/** Waits, measures, ends the child. */
async function measured<T extends { values: number }>(child: Child) {
	await pause(warmUpMs);
	const begun = { at: performance.now(), usage: child.usage(), counted: await child.ask<T>() };
	let residentMb = 0;
	while (performance.now() - begun.at < seconds * 1000) {
		await pause(Math.min(1000, seconds * 100));
		residentMb = Math.max(residentMb, child.usage().residentMb);
	}
	const ended = { at: performance.now(), usage: child.usage(), counted: await child.ask<T>() };
	await child.stop();
	const elapsed = (ended.at - begun.at) / 1000;
	return {
		valuesPerSecond: Math.round((ended.counted.values - begun.counted.values) / elapsed),
		cpuPercentOfOneCore: rounded((ended.usage.cpuMs - begun.usage.cpuMs) / (elapsed * 10), 1),
		residentMb: Math.round(residentMb),
		last: ended.counted,
	};
}

/** `everyMs` 1: each poll follows the one before. */
async function edge(name: string, everyMs: number, withNamespace: boolean) {
	const config = loadConfig(plant.ports, { ...shape, rate: 1000 / everyMs });
	const file = join(folder, `${name}.yaml`);
	writeFileSync(
		file,
		JSON.stringify({
			sense: config.sense,
			namespace: { mqtt: { listen: { port: 0 } } },
			...(withNamespace ? { local: { readers: { bench: { password: "nobody listens here" } } } } : {}),
		}),
	);
	const profile = values["cpu-prof"] ? ["--cpu-prof", `--cpu-prof-dir=${values["cpu-prof"]}`] : [];
	const child = await startChild(process.execPath, [
		...profile,
		join(root, "bench/edge/edge-under-test.ts"),
		file,
		join(folder, name),
	]);
	const { last, ...figures } = await measured<Counted>(child);
	return {
		...figures,
		lost: last.lost,
		duplicated: last.duplicated,
		latePollsPercent: rounded(last.late * 100),
		readToDurableP99Ms: rounded(last.readToDurableP99Ms, 1),
		failures: last.failures,
		rowsPerBatch: rounded(last.values / last.batches, 0),
	};
}

const isWanted = (name: string) => values.only === undefined || values.only === name;
const flatOut = isWanted("flat") ? await edge("flat", 1, false) : undefined;
const named = isWanted("named") ? await edge("named", 1, true) : undefined;
// 6,200 registers five times a second.
const paced = isWanted("paced") ? await edge("paced", 200, true) : undefined;
const rawChild = isWanted("raw")
	? await startChild(process.execPath, [join(root, "bench/edge/raw-loop.ts"), ports, values.registers, "4"])
	: undefined;
const raw = rawChild && (await measured(rawChild));
const python = isWanted("pymodbus") ? pythonWithPymodbus() : undefined;
const pymodbus = !python
	? undefined
	: await measured(await startChild(python, [join(root, "bench/edge/pymodbus-loop.py"), ports, values.registers]));
if (isWanted("pymodbus") && !python) console.warn("SKIPPING pymodbus: it could not be installed from PyPI");
await plant.stop();
remove();

const figuresOf = (peer: typeof raw) => {
	if (!peer) return null;
	const { last: _, ...figures } = peer;
	return figures;
};
report({
	name: "edge",
	conditions: {
		plant: `${shape.modbusConnections} Modbus TCP servers × ${shape.registersPerConnection} uint32, in one other process on the same machine; every value counts its own reads`,
		requests: "62 values each (124 registers), 4 under way per connection; the next poll follows the last (poll 1 ms)",
		stages:
			"driver, pipeline (pass all), ring (SQLite, WAL, synchronous=FULL), a listener that checks and acknowledges every value",
		named: "as before, and the namespace with its broker (a retained topic per tag, JSON only where somebody listens)",
		paced: "with namespace, every tag 5 times a second",
		seconds,
	},
	metrics: {
		...(flatOut ?? {}),
		...(flatOut && raw ? { shareOfRawLoop: rounded(flatOut.valuesPerSecond / raw.valuesPerSecond) } : {}),
		withNamespace: named ?? null,
		paced: paced ?? null,
	},
	peers: { rawDriverLoop: figuresOf(raw), pymodbusLoop: figuresOf(pymodbus) },
});
process.exit(0);

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
