import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { asMillwrightError, MillwrightError } from "@millwright/core";
import { createClock, createLog } from "@millwright/runtime";
import { openControl } from "./control.ts";
import { openDemo } from "./demo-simulator.ts";
import { openLoad, usualLoad } from "./load-simulator.ts";
import { demoPorts, loadPorts, movedPorts } from "./ports.ts";

// Loading the OPC UA library makes much short-lived garbage; without this the heap grows to 300 MB and stays there (measured with it: 160 to 180).
setFlagsFromString("--optimize-for-size");

const help = `node apps/simulator/src/main.ts [--plant demo|load] [options]

  --folder DIR                certificates and truth.jsonl (default data/simulator)
  --ports free                take free ports and report them
  --port-offset N             move every usual port by N
  --token TEXT                for the control; or MILLWRIGHT_SIMULATOR_TOKEN; made up and printed when neither is given
  --with-parent               end when standard input closes
  --log LEVEL                 debug, info, warn, error; to standard error (default warn)
demo:
  --speed N                   plant seconds a second (default 1)   --seed N (default 7)
  --crew MINUTES|none         plant minutes until the crew repairs what failed (default 25)
load:
  --modbus-connections 5 --registers-per-connection 80 --opcua-tags 100 --rate 10 --counting reads|time`;

function whole(name: string, text: string | undefined, otherwise: number, [low, high]: [number, number]): number {
	const value = text === undefined ? otherwise : Number(text);
	if (!(value >= low && value <= high))
		throw new MillwrightError("simulator.option-invalid", `--${name} is ${text}, where ${low} to ${high} is due`, {
			kind: "input",
		});
	return value;
}

async function run(): Promise<void> {
	const { values } = parseArgs({
		options: {
			help: { type: "boolean" },
			plant: { type: "string", default: "demo" },
			folder: { type: "string", default: "data/simulator" },
			ports: { type: "string" },
			"port-offset": { type: "string" },
			token: { type: "string" },
			"with-parent": { type: "boolean" },
			log: { type: "string", default: "warn" },
			speed: { type: "string" },
			seed: { type: "string" },
			crew: { type: "string" },
			"modbus-connections": { type: "string" },
			"registers-per-connection": { type: "string" },
			"opcua-tags": { type: "string" },
			rate: { type: "string" },
			counting: { type: "string" },
		},
	});
	if (values.help) {
		process.stdout.write(`${help}\n`);
		return;
	}
	const level = (["debug", "info", "warn", "error"] as const).find((each) => each === values.log) ?? "warn";
	const log = createLog({ level, destination: process.stderr }).part("simulator");
	const clock = createClock();
	const folder = resolve(values.folder);
	mkdirSync(folder, { recursive: true });
	const given = values.token ?? process.env.MILLWRIGHT_SIMULATOR_TOKEN;
	const token = given ?? randomBytes(18).toString("base64url");
	const move =
		values.ports === "free" || values.ports === "0" ? "free" : whole("port-offset", values["port-offset"], 0, [-10_000, 40_000]);

	let plant: Awaited<ReturnType<typeof openDemo>> | Awaited<ReturnType<typeof openLoad>>;
	let controlPort: number;
	if (values.plant === "demo") {
		const ports = movedPorts(demoPorts, move);
		controlPort = ports.control ?? 0;
		plant = await openDemo({
			folder,
			clock,
			log,
			ports,
			speed: whole("speed", values.speed, 1, [0, 5000]),
			seed: whole("seed", values.seed, 7, [0, 4_294_967_295]),
			crewAfterMinutes: values.crew === "none" ? false : whole("crew", values.crew, 25, [0, 100_000]),
		});
	} else if (values.plant === "load") {
		const shape = {
			modbusConnections: whole("modbus-connections", values["modbus-connections"], usualLoad.modbusConnections, [0, 200]),
			registersPerConnection: whole(
				"registers-per-connection",
				values["registers-per-connection"],
				usualLoad.registersPerConnection,
				[1, 5000],
			),
			opcuaTags: whole("opcua-tags", values["opcua-tags"], usualLoad.opcuaTags, [0, 10_000]),
			rate: whole("rate", values.rate, usualLoad.rate, [0.01, 100]),
			counting: values.counting === "time" ? ("time" as const) : ("reads" as const),
		};
		const ports = movedPorts(loadPorts(shape.modbusConnections), move);
		controlPort = ports.control ?? 0;
		plant = await openLoad({ shape, folder, clock, log, ports });
	} else
		throw new MillwrightError("simulator.option-invalid", `There is no plant "${values.plant}"`, {
			kind: "input",
			hint: "demo or load",
		});

	const control = await openControl({ port: controlPort, token, plant, log });
	let ending = false;
	const end = (): void => {
		if (ending) return;
		ending = true;
		const exit = (): void => process.exit(0);
		Promise.all([control.close(), plant.close()]).then(exit, exit);
	};
	process.once("SIGTERM", end);
	process.once("SIGINT", end);
	if (values["with-parent"]) {
		process.stdin.once("close", end);
		process.stdin.once("end", end);
		process.stdin.resume();
	}
	// Timers of the plant do not keep a process alive by themselves; its listening sockets do.
	process.stdout.write(
		`${JSON.stringify({
			ready: true,
			plant: values.plant,
			ports: { ...plant.ports, control: control.port },
			control: `http://127.0.0.1:${control.port}`,
			...(given ? {} : { token }),
			folder,
			pid: process.pid,
		})}\n`,
	);
}

run().catch((thrown: unknown) => {
	const error = asMillwrightError(thrown);
	process.stderr.write(`${error.message}\n${error.hint ? `  ${error.hint}\n` : ""}`);
	process.exit(1);
});
