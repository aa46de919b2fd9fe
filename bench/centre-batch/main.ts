import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { signIn, startServer, throwAwayFolder, until } from "../../test/kit/platform.ts";
import { usageOf } from "../../test/kit/processes.ts";
import { report, rounded } from "../lib/report.ts";
import { connectionName, type Shape, tagName } from "./gateway.ts";
import { bareAppend, bareDecode } from "./peers.ts";

/**
 * The centre fed by a gateway with signed column batches of 100 values over MQTT 5, QoS 1; twin with a template for each tag,
 * namespace, history and live on. A value counts when the history says that it is durable and the gateway has heard so.
 */
const { values } = parseArgs({
	options: {
		seconds: { type: "string", default: "20" },
		rounds: { type: "string", default: "6000" },
		connections: { type: "string", default: "50" },
		batches: { type: "string", default: "25" },
		window: { type: "string", default: "600000" },
		profile: { type: "string" },
		peers: { type: "boolean", default: true },
	},
	allowNegative: true,
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const tags = 100;

const { folder, remove } = throwAwayFolder("centre-batch");
const config = join(folder, "millwright.yaml");
const names = Array.from({ length: tags }, (_, tag) => tagName(0, tag).split("/").at(-1) as string);
writeFileSync(
	config,
	JSON.stringify({
		http: { listen: { port: 0 } },
		namespace: { mqtt: { listen: { port: 0 } } },
		twin: {
			templates: {
				machine: {
					title: { en: "Machine", es: "Máquina" },
					symbol: "machine",
					tags: Object.fromEntries(
						names.map((name) => [name, { title: { en: name, es: name }, unit: "Cel", range: [-50, 200], decimals: 2 }]),
					),
				},
			},
			assets: Object.fromEntries(
				Array.from({ length: connections }, (_, connection) => [
					tagName(connection, 0).split("/").slice(0, -1).join("/"),
					{ template: "machine", title: { en: connectionName(connection), es: connectionName(connection) } },
				]),
			),
		},
	}),
);
const server = await startServer({
	config,
	data: join(folder, "data"),
	env: values.profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile}` } : {},
});
const session = await signIn(server.ready);
const { key } = await session.namespace.admitGateway({ gateway: "bench", paths: ["plant"] });
const shape: Shape = {
	gateway: "bench",
	key,
	port: server.ready.mqttPort as number,
	connections,
	tags,
	batchesPerMessage: Number(values.batches),
	window: Number(values.window),
};

const child = fork(fileURLToPath(new URL("./generator.ts", import.meta.url)), [
	JSON.stringify({ shape, rounds: Number(values.rounds), seconds }),
]);
const hear = <T>(): Promise<T> =>
	new Promise((resolve, reject) => {
		child.once("message", (message) => resolve(message as T));
		child.once("exit", (code) => reject(new Error(`the generator ended with ${code}`)));
	});
const ready = await hear<{ bytes: number; rows: number }>();
const began = { at: performance.now(), usage: usageOf(server.pid) };
child.send({ go: true });
const done = await hear<{ rows: number; ms: number; sentMs: number; all: boolean; confirmed: number; receipts: number }>();
const ended = { at: performance.now(), usage: usageOf(server.pid) };
const usage = usageOf(child.pid as number);
child.send({ end: true });

const ledger = await until(
	async () => (await session.sense.ledger({})).total,
	({ stored }) => stored === done.rows,
	{ what: "everything stored", withinMs: 30_000 },
).catch(async () => (await session.sense.ledger({})).total);
const figures = await until(
	() => session.history.figures({}),
	({ rows }) => rows >= done.rows,
	{ what: "rows counted", withinMs: 20_000 },
).catch(() => session.history.figures({}));
const stages = await session.twin.stages({});
const { gateways } = await session.namespace.gateways({});
await server.stop();
const peers = values.peers
	? {
			ceiling: bareDecode(shape, 400),
			duckdbAppend: await bareAppend({ folder: join(folder, "bare"), tags, connections, rounds: 2000 }),
		}
	: {};

report({
	name: "centre-batch",
	conditions: {
		payload: `batches of ${tags} values, ${values.batches} batches a message, ${connections} connections, ${rounded(ready.bytes / ready.rows, 2)} B a value on the wire`,
		durability: "QoS 1; counted when DuckDB has committed and synced and the signed receipt has come back",
		stages: "HMAC-SHA256 verified, twin with a template for each of 5,000 tags, namespace, DuckDB history, live",
		sharing: "generator, server and history thread share the machine; messages were signed before the clock ran",
		seconds: rounded(done.ms / 1000, 1),
	},
	metrics: {
		valuesPerSecond: rounded((done.confirmed * 1000) / done.ms, 0),
		lost: done.rows - ledger.stored,
		duplicated: Math.max(0, figures.rows - done.rows),
		cpuPercentOfOneCore: rounded((ended.usage.cpuMs - began.usage.cpuMs) / ((ended.at - began.at) / 100), 1),
		residentMb: rounded(ended.usage.residentMb, 0),
		values: done.rows,
		receipts: done.receipts,
		generatorCpuMs: usage.cpuMs,
		refusals: gateways[0]?.refusals,
		twinStagesP99Ms: Object.fromEntries(stages.stages.map(({ stage, p99 }) => [stage, rounded(p99, 3)])),
	},
	peers,
});
remove();
process.exit(0);
