import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root, startProgram, usageOf } from "../../test/kit/processes.ts";
import { report, rounded } from "../lib/report.ts";
import type { Latency, LatencyTask } from "./latency.ts";
import { mosquittoVersion, startMosquitto } from "./peer.ts";
import type { Throughput, ThroughputTask } from "./throughput.ts";

/**
 * The embedded broker beside Mosquitto: the same generator, the same messages, turn by turn, each broker alone in its process.
 * Mosquitto runs twice, as it comes and with its queues and window opened, and is compared by the better of the two.
 */
const { values } = parseArgs({
	options: {
		seconds: { type: "string", default: "3" },
		repeats: { type: "string", default: "3" },
		only: { type: "string" },
		"latency-seconds": { type: "string", default: "20" },
		"skip-mosquitto": { type: "boolean", default: false },
	},
});
const seconds = Number(values.seconds);
const repeats = Number(values.repeats);

interface Target {
	name: "millwright" | "mosquitto" | "mosquittoTuned";
	port: number;
	pid: number;
	stop(): Promise<unknown>;
}

const targets: Target[] = [];
const own = await startProgram<{ port: number }>(join(root, "bench/broker/broker-process.ts"), []);
targets.push({ name: "millwright", port: own.ready.port, pid: own.pid, stop: () => own.stop() });
const tuning = ["max_inflight_messages 0", "max_queued_messages 0", "set_tcp_nodelay true"];
if (!values["skip-mosquitto"])
	for (const [name, settings] of [
		["mosquitto", []],
		["mosquittoTuned", tuning],
	] as const) {
		const peer = await startMosquitto(settings);
		if (peer) targets.push({ name, ...peer });
		else console.log("Mosquitto is not installed: measured alone");
	}

async function load<T>(task: object): Promise<T> {
	const child = spawn(process.execPath, [join(root, "bench/broker/load-process.ts"), JSON.stringify(task)], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	let text = "";
	child.stdout.on("data", (chunk: Buffer) => {
		text += chunk.toString();
	});
	const [code] = (await once(child, "close")) as [number | null];
	if (code !== 0) throw new Error(`The generator ended with ${code}`);
	return JSON.parse(text) as T;
}

const middle = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

interface Measured extends Throughput {
	brokerPercent: number;
}

interface Row {
	shape: string;
	qos: 0 | 1;
	bytes: number;
	messagesPerSecond: number;
	mosquittoMessagesPerSecond: number | null;
	ratio: number | null;
	lost: number;
	[more: string]: unknown;
}

async function measureRow(publishers: number, subscribers: number, qos: 0 | 1, bytes: number, lasting = false): Promise<Row> {
	const runs = new Map<Target["name"], Measured[]>(targets.map(({ name }) => [name, []]));
	for (let repeat = 0; repeat < repeats; repeat++)
		for (const { name, port, pid } of targets) {
			const task: ThroughputTask = { port, publishers, subscribers, qos, bytes, seconds, lasting };
			const before = usageOf(pid).cpuMs;
			const began = performance.now();
			const result = await load<Throughput>({ throughput: task });
			const brokerPercent = ((usageOf(pid).cpuMs - before) / (performance.now() - began)) * 100;
			runs.get(name)?.push({ ...result, brokerPercent });
		}
	const rate = (name: Target["name"]): number | null => {
		const all = runs.get(name) ?? [];
		return all.length === 0 ? null : Math.round(middle(all.map(({ perSecond }) => perSecond)));
	};
	const sum = (name: Target["name"], key: "lost" | "delivered"): number =>
		(runs.get(name) ?? []).reduce((total, run) => total + run[key], 0);
	const ours = rate("millwright") as number;
	const defaults = rate("mosquitto");
	const tuned = rate("mosquittoTuned");
	const best = defaults === null || tuned === null ? null : Math.max(defaults, tuned);
	const row: Row = {
		shape: `${publishers} → ${subscribers}${lasting ? " lasting" : ""}`,
		qos,
		bytes,
		messagesPerSecond: ours,
		mosquittoMessagesPerSecond: best,
		ratio: best === null ? null : rounded(ours / best),
		lost: sum("millwright", "lost"),
		delivered: sum("millwright", "delivered"),
		generatorPercent: Math.round(middle(runs.get("millwright")?.map((run) => run.generatorPercent) ?? [])),
		brokerPercent: Math.round(middle(runs.get("millwright")?.map((run) => run.brokerPercent) ?? [])),
		runs: runs.get("millwright")?.map(({ perSecond }) => Math.round(perSecond)),
		mosquittoAsItComes: defaults,
		mosquittoAsItComesLost: sum("mosquitto", "lost"),
		mosquittoTuned: tuned,
		mosquittoTunedLost: sum("mosquittoTuned", "lost"),
	};
	console.log(
		[
			row.shape.padEnd(14),
			`QoS ${qos}`,
			`${bytes} B`,
			`${ours}/s`.padStart(12),
			`Mosquitto ${defaults ?? "-"}/s (lost ${row.mosquittoAsItComesLost}), opened ${tuned ?? "-"}/s (lost ${row.mosquittoTunedLost})`,
			`× ${row.ratio ?? "-"}`,
			`lost ${row.lost}`,
			`generator ${row.generatorPercent} %`,
		].join("  "),
	);
	return row;
}

async function measureLatencies(frozen: boolean): Promise<Partial<Record<Target["name"], Latency>>> {
	const runs = new Map<Target["name"], Latency[]>(targets.map(({ name }) => [name, []]));
	for (let repeat = 0; repeat < repeats; repeat++)
		for (const { name, port } of targets) {
			const task: LatencyTask = {
				port,
				connections: 500,
				rate: 5000,
				bytes: 200,
				seconds: Number(values["latency-seconds"]),
				frozen,
			};
			runs.get(name)?.push(await load<Latency>({ latency: task }));
		}
	const found: Partial<Record<Target["name"], Latency>> = {};
	for (const [name, all] of runs) {
		const of = (key: keyof Latency): number => rounded(middle(all.map((run) => run[key])), 3);
		found[name] = {
			sent: all.reduce((sum, run) => sum + run.sent, 0),
			received: all.reduce((sum, run) => sum + run.received, 0),
			p50Ms: of("p50Ms"),
			p99Ms: of("p99Ms"),
			p999Ms: of("p999Ms"),
			maxMs: of("maxMs"),
		};
		console.log(`latency${frozen ? " with a frozen subscriber" : ""}  ${name}  ${JSON.stringify(found[name])}`);
	}
	return found;
}

const wanted = (what: string): boolean => values.only === undefined || values.only.split(",").includes(what);
const rows: Row[] = [];
for (const [publishers, subscribers] of [
	[4, 1],
	[4, 5],
	[500, 1],
] as const)
	for (const bytes of publishers === 500 ? [200] : [200, 600])
		for (const qos of [0, 1] as const)
			if (wanted("rows") || wanted(`${publishers}-${subscribers}-${bytes}-${qos}`))
				rows.push(await measureRow(publishers, subscribers, qos, bytes));
if (wanted("rows") || wanted("lasting")) rows.push(await measureRow(4, 1, 1, 200, true));
const usual = wanted("latency") ? await measureLatencies(false) : {};
const frozen = wanted("latency") || wanted("frozen") ? await measureLatencies(true) : {};
const residentMb = rounded(usageOf(own.pid).residentMb, 0);
for (const target of targets) await target.stop();

report({
	name: "broker",
	conditions: {
		payload: "200 B and 600 B, MQTT 3.1.1, clean sessions, topics of 27 characters, subscription bench/#",
		load: "publishers write what their sockets take (QoS 1: 2,000 under way over 4 publishers, 10,000 over 500); messages a second are deliveries, all subscribers together, until the last one has arrived",
		durability:
			"the broker's journal is on (fsync before PUBACK where something durable is promised); clean sessions with nothing retained promise nothing durable. Row \"lasting\": the subscriber's session outlives it, every message is on disk before its PUBACK; Mosquitto keeps such messages in memory (persistence off, as it comes)",
		mosquitto: `${mosquittoVersion() ?? "not installed"}; as it comes, and with ${tuning.join(", ")}; compared by the faster`,
		latency: "5,000 messages/s of 200 B from 500 connections, QoS 0, one clock at both ends",
		secondsEach: seconds,
		repeats,
		median: "of the repeats, brokers in turn",
	},
	metrics: {
		rows,
		p50Ms: usual.millwright?.p50Ms ?? null,
		p99Ms: usual.millwright?.p99Ms ?? null,
		p999Ms: usual.millwright?.p999Ms ?? null,
		p99MsWithFrozenSubscriber: frozen.millwright?.p99Ms ?? null,
		p999MsWithFrozenSubscriber: frozen.millwright?.p999Ms ?? null,
		latencyLost: [usual.millwright, frozen.millwright].reduce((sum, run) => sum + (run ? run.sent - run.received : 0), 0),
		lost: rows.reduce((sum, { lost }) => sum + lost, 0),
		residentMb,
	},
	peers: {
		mosquitto: { usual: usual.mosquitto, withFrozenSubscriber: frozen.mosquitto },
		mosquittoTuned: { usual: usual.mosquittoTuned, withFrozenSubscriber: frozen.mosquittoTuned },
	},
});
process.exit(0);
