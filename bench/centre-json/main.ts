import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Session, signIn, startServer, throwAwayFolder, until } from "../../test/kit/platform.ts";
import { usageOf } from "../../test/kit/processes.ts";
import { report, rounded } from "../lib/report.ts";
import { firstValue, topicOf } from "./documents.ts";
import { generate, type Load } from "./generator.ts";
import { brokersAlone } from "./peers.ts";

/**
 * The centre fed by MQTT with one JSON value a message: every document judged, numbered, on disk in the ring, published, through the
 * twin, in the history and acknowledged. Every topic's values count up from the same number, so that count, sum, least and largest
 * value of a topic in the history tell whether one is missing or there twice.
 */
const { values } = parseArgs({
	options: {
		seconds: { type: "string", default: "20" },
		qos: { type: "string", default: "0,1" },
		topics: { type: "string", default: "500" },
		connections: { type: "string", default: "8" },
		window: { type: "string", default: "2000" },
		peers: { type: "boolean", default: true },
	},
	allowNegative: true,
});
const seconds = Number(values.seconds);
const topics = Number(values.topics);
const connections = Number(values.connections);
const load = { topics, connections, window: Number(values.window), warmUp: 5, seconds };

interface Outcome {
	valuesPerSecond: number;
	/** Taken from the sockets, before everything was stored. */
	takenPerSecond: number;
	drainSeconds: number;
	cpuPercentOfOneCore: number;
	/** Of all threads of the server; what a busy machine cannot blur. */
	cpuMicrosecondsPerValue: number;
	residentMb: number;
	sent: number;
	stored: number;
	refused: number;
	lost: number;
	duplicated: number;
	stages: Record<string, number>;
}

async function measure(qos: 0 | 1): Promise<Outcome> {
	const { folder, remove } = throwAwayFolder("centre-json");
	const config = join(folder, "millwright.yaml");
	const assets = Array.from({ length: topics }, (_, i) => topicOf(i).replace(/\/[^/]+$/, ""));
	writeFileSync(
		config,
		JSON.stringify({
			http: { listen: { port: 0 }, rateLimit: 100_000 },
			log: { level: "warn" },
			namespace: { mqtt: { listen: { port: 0 } } },
			twin: {
				templates: { machine: { symbol: "machine", tags: { temperature: { kind: "number", unit: "Cel", overview: 1 } } } },
				assets: Object.fromEntries(assets.map((asset) => [asset, { template: "machine" }])),
			},
		}),
	);
	const server = await startServer({ config, data: join(folder, "data") });
	const session = await signIn(server.ready);
	const { secret } = await session.access.addKey({ name: "load", topics: { publish: ["udt/bench/#"], subscribe: [] } });
	const ledger = async () => (await session.sense.ledger({})).connections.mqtt ?? { sent: 0, stored: 0 };
	let before = { at: 0, usage: usageOf(server.pid) };
	let residentMb = 0;
	const watching = setInterval(() => {
		residentMb = Math.max(residentMb, usageOf(server.pid).residentMb);
	}, 500);
	const result = await generate(
		{ ...load, qos, port: server.ready.mqttPort as number, user: "load", password: secret },
		async () => {
			before = { at: performance.now(), usage: usageOf(server.pid) };
		},
	);
	const stages = await session.twin.stages({});
	const stored = await until(ledger, ({ stored }) => stored >= result.sent - result.refused, {
		what: "everything sent stored",
		withinMs: 120_000,
		everyMs: 50,
	}).catch(ledger);
	const elapsed = (performance.now() - before.at) / 1000;
	const usage = usageOf(server.pid);
	clearInterval(watching);
	const counted = await countInHistory(session, result);
	if (server.errors()) console.error(server.errors().slice(-4000));
	await server.stop();
	remove();
	const measured = result.sent - result.warm;
	return {
		valuesPerSecond: rounded((measured - result.refused) / elapsed, 0),
		takenPerSecond: rounded(measured / (result.acknowledgedMs / 1000), 0),
		drainSeconds: rounded(elapsed - result.stoppedMs / 1000),
		cpuPercentOfOneCore: rounded((usage.cpuMs - before.usage.cpuMs) / (elapsed * 10), 0),
		cpuMicrosecondsPerValue: rounded(((usage.cpuMs - before.usage.cpuMs) * 1000) / measured),
		residentMb: rounded(residentMb, 0),
		sent: result.sent,
		stored: stored.stored,
		refused: result.refused,
		...counted,
		stages: Object.fromEntries(stages.stages.map(({ stage, p99 }) => [`${stage}P99Ms`, rounded(p99, 2)])),
	};
}

/** A topic's values are first, first + 1, … each half above; what is missing or there twice shows in count and sum. */
async function countInHistory(session: Session, { counts, refused }: Load): Promise<{ lost: number; duplicated: number }> {
	let [lost, duplicated] = [0, 0];
	const step = 50;
	for (let from = 0; from < counts.length; from += step) {
		const some = counts.slice(from, from + step);
		const answer = await session.history.aggregate({
			tags: some.map(([index]) => topicOf(index)),
			from: Date.UTC(2026, 0, 1),
			until: Date.now() + 86_400_000,
			bucket: 400 * 86_400_000,
			functions: ["count", "sum", "min", "max"],
		});
		for (const [index, sent] of some) {
			const columns = answer.tags.find(({ tag }) => tag === topicOf(index))?.columns;
			const total = (name: "count" | "sum"): number => (columns?.[name] ?? []).reduce((sum: number, one) => sum + (one ?? 0), 0);
			const rows = total("count");
			const expected = sent * (firstValue + 0.5) + (sent * (sent - 1)) / 2;
			lost += Math.max(0, sent - rows);
			duplicated += Math.max(0, rows - sent);
			// As many as were sent, but not the same ones.
			if (rows === sent && total("sum") !== expected) [lost, duplicated] = [lost + 1, duplicated + 1];
		}
	}
	return { lost: lost - refused, duplicated };
}

const outcomes: Record<string, Outcome> = {};
for (const qos of values.qos.split(",").map(Number) as (0 | 1)[]) outcomes[`qos${qos}`] = await measure(qos);
const peers = values.peers ? await brokersAlone({ ...load, seconds: Math.min(seconds, 5) }) : {};
const first = Object.values(outcomes)[0] as Outcome;

report({
	name: "centre-json",
	conditions: {
		payload: "the document of the sources, one value a message, about 300 bytes, MQTT 5",
		topics,
		connections,
		seconds,
		stages:
			"gate with every check, ring (SQLite, synchronous=FULL), namespace, twin with a template for each tag, DuckDB history, live updates",
		counted: "messages stored in the history, until the last one is, divided by the time since the first",
		generator: "one process on the same machine, raw sockets, as fast as it is read (QoS 0) or acknowledged (QoS 1)",
	},
	metrics: {
		valuesPerSecond: first.valuesPerSecond,
		lost: Object.values(outcomes).reduce((sum, { lost }) => sum + lost, 0),
		duplicated: Object.values(outcomes).reduce((sum, { duplicated }) => sum + duplicated, 0),
		cpuPercentOfOneCore: first.cpuPercentOfOneCore,
		...outcomes,
	},
	peers,
});
process.exit(0);
