import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Clock, type Log, MillwrightError } from "@millwright/core";
import {
	createClock,
	createLog,
	createLogMemory,
	type FolderLock,
	lockFolder,
	openConfig,
	upgradeData,
} from "@millwright/runtime";
import { finishPlacing } from "./backup/place.ts";
import { type DemoPlant, prepareDemoConfig, startDemoPlant } from "./demo.ts";
import { enginesSection } from "./engine-settings.ts";
import { type ProbedEngine, probeEngines } from "./probe-engines.ts";
import { sections } from "./sections.ts";
import { createServer } from "./server.ts";
import { httpSection, logSection } from "./settings.ts";
import { upgradeStores } from "./upgrade/stores.ts";
import { version } from "./version.ts";

/** `millwright start`: runs until a signal ends it. */
export async function runServer(args: string[]): Promise<void> {
	const { values } = parseArgs({
		args,
		options: {
			config: { type: "string" },
			data: { type: "string" },
			demo: { type: "boolean", default: false },
			"ready-json": { type: "boolean", default: false },
		},
	});
	// Password hashes, history and audit are for this user alone, whatever the folder allows.
	process.umask(0o077);
	const clock = createClock();
	const data = resolve(values.data ?? (values.demo ? "data/demo" : "data"));
	const early = createLog({ pretty: process.stderr.isTTY === true || values.demo });
	const lock = await prepareData({ data, clock, log: early });
	const file = values.config ? resolve(values.config) : values.demo ? await prepareDemoConfig(data) : resolve("millwright.yaml");
	const config = await openConfig({ file, sections, log: early.part("config"), clock });
	const logMemory = createLogMemory();
	const log = createLog({
		level: config.get(logSection).level,
		pretty: process.stderr.isTTY === true || values.demo,
		memory: logMemory,
	});

	const plant: DemoPlant | undefined = values.demo ? await startDemoPlant({ folder: data, log }) : undefined;
	const server = createServer({ config, data, clock, log, logMemory });
	let ending: Promise<void> | undefined;
	const end = (why: string): Promise<void> => {
		ending ??= (async () => {
			log.info("Stopping", { why });
			await server.stop();
			await plant?.stop();
			lock.release();
		})();
		return ending;
	};
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
		process.on(signal, () => void end(signal).then(() => process.exit(0)));
	// The terminal may go away while the plant runs: what would be said there is lost, nothing else. Without a listener the failed
	// write would escape, be logged, fail again, and so on without an end.
	for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
	// A plant's platform does not fall over a promise somebody forgot: it says so and goes on.
	process.on("unhandledRejection", (reason) =>
		log.error("A promise was rejected and nobody listened", {
			reason: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason),
		}),
	);
	process.on("uncaughtException", (error) => log.error("An error escaped its part", { reason: error.stack ?? error.message }));
	try {
		await server.start();
	} catch (thrown) {
		await end("it could not start");
		throw thrown;
	}
	const { url, setupCode, mqttPort } = server.ready();
	if (values["ready-json"])
		process.stdout.write(
			`${JSON.stringify({ url, mqttPort, pid: process.pid, ...(setupCode ? { setupCode } : {}), ...(plant ? { control: plant.control } : {}) })}\n`,
		);
	else
		process.stdout.write(
			[
				"",
				...(plant ? [`  Faults of the demo plant: ${plant.control.url} (token ${plant.control.token})`] : []),
				...(mqttPort ? [`  MQTT on 127.0.0.1:${mqttPort}`] : []),
				`  Millwright is at ${url}`,
				setupCode ? `  First sign-in: one-time set-up code ${setupCode}` : "  Sign in with the account you made",
				"  Stop with Ctrl C",
				"",
			].join("\n"),
		);
}

/** The data folder is ours, whole, and of this version's schema; whoever gets in here alone. */
async function prepareData({ data, clock, log }: { data: string; clock: Clock; log: Log }): Promise<FolderLock> {
	await mkdir(data, { recursive: true, mode: 0o700 });
	const lock = lockFolder(data);
	try {
		if (await finishPlacing(data)) log.warn("A restore that was cut off has been finished", { data });
		await upgradeData({ data, version, stores: upgradeStores({ log }), clock, log });
		return lock;
	} catch (thrown) {
		lock.release();
		throw thrown;
	}
}

/** For `millwright doctor`: reads and checks without starting anything. */
export async function checkConfig(
	file: string,
): Promise<{ listens: { name: string; host: string; port: number }[]; engines: ProbedEngine[] }> {
	const config = await openConfig({ file: resolve(file), sections, log: createLog({ level: "error" }), clock: createClock() });
	const { namespaceSection } = await import("@millwright/namespace");
	const http = config.get(httpSection).listen;
	const mqtt = config.get(namespaceSection).mqtt.listen;
	if (mqtt && mqtt.port !== 0 && mqtt.port === http.port && mqtt.host === http.host)
		throw new MillwrightError("server.ports-clash", `HTTP and MQTT both want port ${http.port}`, {
			kind: "input",
			hint: "Change http.listen.port or namespace.mqtt.listen.port.",
		});
	return {
		listens: [{ name: "HTTP", ...http }, ...(mqtt ? [{ name: "MQTT", ...mqtt }] : [])],
		engines: await probeEngines(config.get(enginesSection)),
	};
}
