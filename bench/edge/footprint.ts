import { execFileSync, spawn, spawnSync } from "node:child_process";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadConfig } from "../../apps/simulator/src/load-config.ts";
import { startLoadPlant } from "../../test/kit/load-plant.ts";
import { throwAwayFolder } from "../../test/kit/platform.ts";
import { root, usageOf } from "../../test/kit/processes.ts";

/** node bench/edge/footprint.ts [--seconds 60]: what the built edge takes: bytes to install, memory and processor at rest and at 5,000 values/s. */
const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" } } });
const seconds = Number(values.seconds);
const { folder, remove } = throwAwayFolder("footprint");
const app = join(folder, "app");
execFileSync(process.execPath, [join(root, "apps/edge/build.mjs"), app], { stdio: "ignore" });
const bytes = readdirSync(app).reduce((sum, name) => sum + statSync(join(app, name)).size, 0);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function measured(name: string, config: object) {
	const file = join(folder, `${name}.yaml`);
	writeFileSync(file, JSON.stringify(config));
	const child = spawn(
		process.execPath,
		[join(app, "millwright-edge.js"), "--config", file, "--data", join(folder, name), "--ready-json"],
		{ cwd: folder, stdio: ["ignore", "pipe", "ignore"] },
	);
	await new Promise((resolve) => child.stdout.once("data", resolve));
	const pid = child.pid as number;
	await pause(5000);
	const begun = { at: performance.now(), usage: usageOf(pid) };
	const resident: number[] = [];
	while (performance.now() - begun.at < seconds * 1000) {
		await pause(500);
		resident.push(usageOf(pid).residentMb);
	}
	const cpuMs = usageOf(pid).cpuMs - begun.usage.cpuMs;
	const status = JSON.parse(
		spawnSync(process.execPath, [join(app, "millwright-edge.js"), "status", "--data", join(folder, name), "--json"], {
			encoding: "utf8",
		}).stdout,
	) as { connections: { valuesPerSecond: number }[]; state: string };
	child.kill("SIGTERM");
	await new Promise((resolve) => child.once("close", resolve));
	return {
		valuesPerSecond: Math.round(status.connections.reduce((sum, { valuesPerSecond }) => sum + valuesPerSecond, 0)),
		state: status.state,
		residentMb: Math.round(resident.reduce((sum, one) => sum + one, 0) / resident.length),
		mostResidentMb: Math.round(Math.max(...resident)),
		cpuPercentOfOneCore: Number((cpuMs / (performance.now() - begun.at) / 0.01).toFixed(1)),
	};
}

const shape = { modbusConnections: 10, registersPerConnection: 50, opcuaTags: 100, rate: 10, counting: "reads" as const };
const plant = await startLoadPlant({ shape, folder: join(folder, "plant") });
const all = loadConfig(plant.ports, shape).sense as { maps: object; connections: Record<string, object> };
const modbusOnly = Object.fromEntries(Object.entries(all.connections).filter(([name]) => name !== "load-opcua"));
const idle = await measured("idle", { sense: {} });
const busy = await measured("modbus", { sense: { maps: all.maps, connections: modbusOnly } });
const named = await measured("named", {
	sense: { maps: all.maps, connections: modbusOnly },
	namespace: { mqtt: { listen: { port: 0 } } },
	local: { readers: { panel: { password: "nobody listens here" } } },
});
const both = await measured("opcua", { sense: { maps: all.maps, connections: all.connections } });
await plant.stop();
remove();
console.log(JSON.stringify({ installMb: Number((bytes / 1e6).toFixed(1)), idle, busy, named, withOpcUa: both }, null, 2));
process.exit(0);
