import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Sample } from "@millwright/core";
import { createUplink, type UplinkStep, uplinkSection } from "@millwright/namespace";
import { createBus, createClock, createLog, openConfig, openTagDirectory } from "@millwright/runtime";
import { createSense, type SenseStep, senseSection } from "@millwright/sense";
import { type Server, type Session, signIn, startServer, throwAwayFolder, until } from "../kit/platform.ts";
import { fixedPorts } from "../kit/ports.ts";

export interface Centre {
	session: Session;
	server: Server;
	mqttPort: number;
	folder: string;
	/** As a power cut, then up again on the same ports and data. */
	killAndStart(): Promise<void>;
	kill(): Promise<void>;
	/** Its data, to be copied while it is down. */
	data: string;
	startAgain(): Promise<void>;
	end(): Promise<void>;
}

/** The whole platform in a process of its own, on ports that keep their numbers. */
export async function startCentre(settings: Record<string, unknown> = {}): Promise<Centre> {
	const { folder, remove } = throwAwayFolder("centre");
	const [httpPort, mqttPort] = (await fixedPorts(2)) as [number, number];
	const { namespace = {}, ...others } = settings as { namespace?: Record<string, unknown> };
	const config = join(folder, "millwright.yaml");
	writeFileSync(
		config,
		JSON.stringify({
			http: { listen: { port: httpPort } },
			namespace: { mqtt: { listen: { port: mqttPort } }, ...namespace },
			...others,
		}),
	);
	const start = () => startServer({ config, data: join(folder, "data") });
	const server = await start();
	const centre: Centre = {
		server,
		session: await signIn(server.ready),
		mqttPort,
		folder,
		data: join(folder, "data"),
		async kill() {
			await centre.server.kill();
		},
		async startAgain() {
			centre.server = await start();
			centre.session = await signIn(centre.server.ready);
		},
		async killAndStart() {
			await centre.kill();
			await centre.startAgain();
		},
		async end() {
			await centre.server.stop();
			remove();
		},
	};
	return centre;
}

export interface Edge {
	sense: SenseStep;
	uplink: UplinkStep;
	/** Puts values into the ring as a machine's, one a tag; answers when they are durable here. */
	read(values: readonly (number | string)[], about?: { connection?: string; atMs?: number }): Promise<void>;
	tags: string[];
	end(): Promise<void>;
}

/** Sense and uplink as an edge composes them, in this process; its machine is the test. */
export async function startEdge({
	folder,
	key,
	gateway = "gate-1",
	url,
	uplink = {},
	ring = {},
	tags = ["plant/line-1/press/a", "plant/line-1/press/b", "plant/line-1/press/c"],
	clock = createClock(),
}: {
	folder: string;
	key: string;
	gateway?: string;
	url: string;
	uplink?: Record<string, unknown>;
	ring?: Record<string, unknown>;
	tags?: string[];
	clock?: Clock;
}): Promise<Edge> {
	mkdirSync(folder, { recursive: true });
	const file = join(folder, "edge.yaml");
	writeFileSync(file, JSON.stringify({ sense: { ring }, uplink: { centre: { url, gateway, key }, ...uplink } }));
	const log = createLog({ level: "error" });
	const bus = createBus({ log });
	const config = await openConfig({ file, sections: [senseSection, uplinkSection], log, clock });
	const directory = openTagDirectory({ file: join(folder, "tags.sqlite") });
	const ids = directory.assign(tags);
	const sense = createSense({ config, directory, bus, clock, log, drivers: {}, dataFolder: folder, backlog: "pull" });
	const step = createUplink({
		settings: () => config.get(uplinkSection),
		store: sense.store,
		receipts: sense.receipts,
		directory,
		bus,
		clock,
		log,
		facts: (id) => ({
			tag: directory.nameOf(id),
			id,
			connection: "press",
			unit: "Cel",
			kind: "number",
			dataClass: "internal",
			device: "press",
			protocol: "test",
			unitId: undefined,
			range: undefined,
			context: undefined,
			staleAfterMs: 60_000,
		}),
		onFacts: () => () => {},
		ledger: async () => (await sense.service.ledger({})).connections,
		dataFolder: folder,
		version: "0.1.0",
	});
	// As an edge does: the line waits for the ring by itself.
	await step.part.start();
	await sense.part.start();
	let isEnded = false;
	return {
		sense,
		uplink: step,
		tags,
		async read(values, { connection = "press", atMs = clock.nowMs() } = {}) {
			const rows = values.map(
				(value, at): Sample => ({
					tag: ids[at % ids.length] as number,
					time: BigInt(Math.round(atMs * 1000)) * 1000n + BigInt(at),
					value,
					quality: 0,
				}),
			);
			await sense.ingest(connection, rows, { receivedMs: atMs });
		},
		async end() {
			if (isEnded) return;
			isEnded = true;
			await step.part.stop();
			await sense.part.stop();
			directory.close();
		},
	};
}

export const admit = async (centre: Centre, gateway = "gate-1", paths = ["plant"]): Promise<string> =>
	(await centre.session.namespace.admitGateway({ gateway, paths })).key;

/** Every value of a tag as the history answers it, oldest first. */
export async function valuesOf(centre: Centre, tag: string): Promise<(number | string | null)[]> {
	const series = await centre.session.history.raw({ tag, from: 0, until: Date.now() + 86_400_000, limit: 1_000_000 });
	return [...series.values] as (number | string | null)[];
}

export const ledgerOf = async (centre: Centre, connection = "gate-1/press") =>
	(await centre.session.sense.ledger({})).connections[connection];

/** Waits until the centre's history holds so many numbers of the connection. */
export const stored = (centre: Centre, count: number, connection = "gate-1/press") =>
	until(
		() => ledgerOf(centre, connection),
		(ledger) => ledger?.stored === count,
		{ what: `${count} stored`, withinMs: 30_000 },
	);
