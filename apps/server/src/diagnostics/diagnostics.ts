import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release, totalmem, uptime } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { asMillwrightError, type Clock, type Download } from "@millwright/core";
import { type Figure, type LogMemory, maskedConfig, type Part, secretsIn } from "@millwright/runtime";
import { setAside, usageOf } from "./disk.ts";
import { createScrubber, environmentSecrets } from "./scrub.ts";
import { zipOf } from "./zip.ts";

const words = `What Millwright knows of itself, for whoever helps you. Secrets are masked: look through it before you send it,
names of machines, people and places are in it.

about.json         version, machine, how long it runs
health.json        every part, and why it is not well
config.yaml        the configuration, secrets masked
log.jsonl          the newest lines of the log
figures.txt        what /metrics shows
connections.json   state of each connection, its counts
ledger.json        what became of every value
schemas.json       of each store
capacity.json      how full the box is
event-loop.json    how long things waited for the main thread, ms
disk.json          sizes in the data folder, files set aside as damaged
backups.json       made and kept
`;

/** One file of the bundle; what cannot be had says why instead. */
export type DiagnosticSource = readonly [name: string, ask: () => unknown];

/** Everything support needs, without secrets. */
export function createDiagnostics({
	data,
	configFile,
	version,
	clock,
	logMemory,
	figures,
	sources,
	secrets,
	environment = process.env,
}: {
	data: string;
	configFile: string;
	version: string;
	clock: Clock;
	logMemory: LogMemory;
	figures(): readonly Figure[];
	sources: readonly DiagnosticSource[];
	/** Known to parts and nowhere written down: the set-up code. */
	secrets(): Iterable<string>;
	environment?: Readonly<Record<string, string | undefined>>;
}) {
	const delay = monitorEventLoopDelay({ resolution: 20 });
	const startedAt = clock.nowMs();

	async function* files(): AsyncGenerator<{ name: string; text: string }> {
		const config = await readFile(configFile, "utf8").catch((thrown: unknown) => `# cannot be read: ${String(thrown)}\n`);
		const scrub = createScrubber({ secrets: [...secrets(), ...secretsIn(config), ...environmentSecrets(environment, config)] });
		const json = async (ask: () => unknown): Promise<string> => {
			try {
				return `${JSON.stringify(await ask(), plain, "\t")}\n`;
			} catch (thrown) {
				return `${JSON.stringify({ unavailable: asMillwrightError(thrown).message })}\n`;
			}
		};
		yield { name: "README.txt", text: words };
		yield { name: "config.yaml", text: scrub(maskedConfig(config)) };
		yield {
			name: "log.jsonl",
			text: scrub(
				logMemory
					.lines()
					.map((line) => `${line}\n`)
					.join(""),
			),
		};
		yield { name: "figures.txt", text: scrub(figures().map(lineOf).join("")) };
		const own: DiagnosticSource[] = [
			["about.json", about],
			["event-loop.json", eventLoop],
			["disk.json", async () => ({ folders: await usageOf(data), setAside: await setAside(data) })],
		];
		for (const [name, ask] of [...own, ...sources]) yield { name, text: scrub(await json(ask)) };
	}

	const about = () => ({
		version,
		node: process.version,
		platform: `${process.platform} ${process.arch} ${release()}`,
		processor: cpus()[0]?.model ?? "",
		cores: availableParallelism(),
		memoryBytes: totalmem(),
		process: process.memoryUsage(),
		loadAverage: loadavg(),
		machineUpSeconds: Math.round(uptime()),
		startedAt,
		now: clock.nowMs(),
		zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
	});

	function eventLoop(): Record<string, number> {
		const ms = (nanos: number) => Math.round(nanos / 1000) / 1000;
		return {
			count: delay.count,
			mean: ms(delay.mean),
			p50: ms(delay.percentile(50)),
			p99: ms(delay.percentile(99)),
			max: ms(delay.max),
			resolution: 20,
		};
	}

	const part: Part = {
		name: "diagnostics",
		async start() {
			delay.enable();
		},
		async stop() {
			delay.disable();
		},
	};

	return {
		part,
		service: {
			async diagnostics(): Promise<Download> {
				const now = new Date(clock.nowMs());
				return {
					fileName: `millwright-diagnostics-${now.toISOString().slice(0, 19).replaceAll(":", "-")}.zip`,
					mediaType: "application/zip",
					body: zipOf(files(), now),
				};
			},
		},
	};
}

const plain = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);

const lineOf = ({ name, value, labels }: Figure): string =>
	`${name}${
		labels
			? `{${Object.entries(labels)
					.map(([key, text]) => `${key}=${JSON.stringify(text)}`)
					.join(",")}}`
			: ""
	} ${value}\n`;
