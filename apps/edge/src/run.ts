import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { createClock, createLog, openConfig } from "@millwright/runtime";
import { drivers } from "./drivers.ts";
import { createEdge } from "./edge.ts";
import { logSection, sections } from "./settings.ts";

/** Runs until a signal ends it. */
export async function runEdge({
	config: configFile,
	data: folder,
	readyJson,
}: {
	config: string;
	data: string;
	readyJson: boolean;
}): Promise<void> {
	// Samples, keys and certificates are for this user alone, whatever the folder allows.
	process.umask(0o077);
	const clock = createClock();
	const data = resolve(folder);
	const pretty = process.stderr.isTTY === true;
	await mkdir(data, { recursive: true, mode: 0o700 });
	const config = await openConfig({
		file: resolve(configFile),
		sections,
		log: createLog({ pretty }).part("config"),
		clock,
	});
	const log = createLog({ level: config.get(logSection).level, pretty });
	const edge = await createEdge({ config, data, clock, log, drivers });
	let ending: Promise<void> | undefined;
	const end = (why: string): Promise<void> => {
		ending ??= (async () => {
			log.info("Stopping", { why });
			await edge.stop();
		})();
		return ending;
	};
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
		process.on(signal, () => void end(signal).then(() => process.exit(0)));
	// The terminal may go away while the machines run: what would be said there is lost, nothing else.
	for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
	process.on("unhandledRejection", (reason) =>
		log.error("A promise was rejected and nobody listened", {
			reason: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason),
		}),
	);
	process.on("uncaughtException", (error) => log.error("An error escaped its part", { reason: error.stack ?? error.message }));
	try {
		await edge.start();
	} catch (thrown) {
		await end("it could not start");
		throw thrown;
	}
	const { mqttPort } = edge;
	if (readyJson) process.stdout.write(`${JSON.stringify({ pid: process.pid, mqttPort })}\n`);
	else log.info("The edge reads its machines", { data, ...(mqttPort ? { mqtt: `127.0.0.1:${mqttPort}` } : {}) });
}
