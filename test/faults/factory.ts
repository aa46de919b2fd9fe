import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectionStatus } from "@millwright/sense/api";
import { loadConfig } from "../../apps/simulator/src/load-config.ts";
import { type LoadShape, usualLoad } from "../../apps/simulator/src/load-simulator.ts";
import { type LoadPlant, startLoadPlant } from "../kit/load-plant.ts";
import { type Server, type Session, signIn, startServer, throwAwayFolder, until } from "../kit/platform.ts";
import { fixedPorts } from "../kit/ports.ts";

/** A stretch of time in which values may be answered by a machine and never arrive, ms since 1970. */
export interface Interruption {
	from: number;
	until: number;
	/** Whose end it was: only a server's loses no more than what was under way. */
	of: "server" | "line";
}

/** The load plant and the whole server on fixed ports with one data folder: what a fault is done to. */
export interface Factory {
	readonly plant: LoadPlant;
	readonly url: string;
	readonly mqttPort: number;
	readonly httpPort: number;
	readonly config: string;
	readonly data: string;
	readonly server: Server;
	readonly session: Session;
	/** Ends of the server or of a line that we brought about. */
	readonly interruptions: Interruption[];
	/** When counters of the plant began anew, ms since 1970. */
	readonly resets: number[];
	/** Waits until every tag of these connections, or of all of the plant's, is good. */
	good(connections?: readonly string[]): Promise<void>;
	status(connection: string): Promise<ConnectionStatus>;
	/** Does something that cuts machines off or ends the server, and remembers when. */
	interrupt<T>(of: Interruption["of"], work: () => Promise<T>): Promise<T>;
	killServer(): Promise<void>;
	/** SIGTERM; answers with the exit code, null when it had to be killed. */
	stopServer(withinMs: number): Promise<number | null>;
	startServer(): Promise<void>;
	/** What servers that are gone said last, and what this one has said. */
	words(): string;
	/** Ends of the server nobody asked for, and errors that got out of their part, since the last question. */
	crashes(): number;
	close(): Promise<void>;
}

export const wholeLoad: LoadShape = usualLoad;
/** The same in small, for tests that share a machine. */
export const smallLoad: LoadShape = {
	modbusConnections: 2,
	registersPerConnection: 20,
	opcuaTags: 20,
	rate: 10,
	counting: "reads",
};

export interface FactoryOptions {
	shape: LoadShape;
	/** More connections, by name. */
	connections?: Record<string, unknown>;
	/** More machine maps, by name. */
	maps?: Record<string, unknown>;
	/** Settings of the MQTT broker. */
	mqtt?: Record<string, unknown>;
}

const escaped = /escaped its part|nobody listened/;

export async function openFactory({ shape, connections = {}, maps = {}, mqtt = {} }: FactoryOptions): Promise<Factory> {
	const { folder, remove } = throwAwayFolder("faults");
	const plant = await startLoadPlant({ shape, folder: join(folder, "plant") });
	const [httpPort, mqttPort] = (await fixedPorts(2)) as [number, number];
	const config = join(folder, "millwright.yaml");
	const data = join(folder, "data");
	const { sense, twin } = loadConfig(plant.ports, shape);
	writeFileSync(
		config,
		JSON.stringify({
			http: { listen: { port: httpPort }, rateLimit: 100_000 },
			namespace: { mqtt: { listen: { port: mqttPort }, ...mqtt } },
			log: { level: "warn" },
			sense: hurried(sense, connections, maps),
			twin,
		}),
	);
	const interruptions: Interruption[] = [];
	const resets: number[] = [];
	let server: Server;
	let session: Session;
	let said = "";
	let isMeantToRun = false;
	let diedAlone = 0;
	const start = async () => {
		server = await startServer({ config, data });
		isMeantToRun = true;
		const started = server;
		void started.exited.then(() => {
			if (isMeantToRun && server === started) diedAlone++;
		});
		session = await signIn(server.ready);
	};
	try {
		await start();
	} catch (thrown) {
		await plant.stop();
		throw thrown;
	}
	const statuses = async () => (await session.sense.connections({})).connections;

	const factory: Factory = {
		plant,
		url: `http://127.0.0.1:${httpPort}`,
		httpPort,
		mqttPort,
		config,
		data,
		get server() {
			return server;
		},
		get session() {
			return session;
		},
		interruptions,
		resets,
		async good(which = plant.targets) {
			await until(statuses, (all) => which.every((name) => all.some((one) => one.connection === name && one.good === one.tags)), {
				what: `every tag of ${which.join(", ")} good`,
				withinMs: 90_000,
			});
		},
		async status(connection) {
			return (await statuses()).find((one) => one.connection === connection) as ConnectionStatus;
		},
		async interrupt(of, work) {
			const interruption: Interruption = { from: Date.now(), until: Number.POSITIVE_INFINITY, of };
			interruptions.push(interruption);
			try {
				return await work();
			} finally {
				interruption.until = Date.now();
			}
		},
		killServer: () =>
			factory.interrupt("server", async () => {
				isMeantToRun = false;
				await server.kill();
				said = (said + server.errors()).slice(-1_000_000);
			}),
		stopServer: (withinMs) =>
			factory.interrupt("server", async () => {
				isMeantToRun = false;
				await server.stop(withinMs);
				return server.exited;
			}),
		startServer: start,
		words: () => said + server.errors(),
		crashes() {
			const lines = server
				.errors()
				.split("\n")
				.filter((line) => escaped.test(line));
			for (const line of lines) console.error(line);
			const found = diedAlone + lines.length;
			diedAlone = 0;
			return found;
		},
		async close() {
			isMeantToRun = false;
			await server.stop();
			await plant.stop();
			remove();
		},
	};
	return factory;
}

/** The load plant's own settings with short patience, so that faults pass quickly, and what else is to be connected. */
function hurried(sense: Record<string, unknown>, connections: Record<string, unknown>, maps: Record<string, unknown>) {
	const own = sense as { connections: Record<string, object>; maps: Record<string, { tags: Record<string, object> }> };
	const retry = { first: 200, longest: 2000 };
	return {
		maps: {
			...Object.fromEntries(
				Object.entries(own.maps).map(([name, map]) => [
					name,
					{
						...map,
						tags: Object.fromEntries(Object.entries(map.tags).map(([tag, about]) => [tag, { ...about, staleAfter: 1000 }])),
					},
				]),
			),
			...maps,
		},
		connections: Object.fromEntries(
			Object.entries({ ...own.connections, ...connections }).map(([name, about]) => [
				name,
				{ timeout: 1000, retry, ...(about as object) },
			]),
		),
	};
}
