import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createAccess } from "@millwright/access";
import { accessApi } from "@millwright/access/api";
import { createAudit } from "@millwright/audit";
import { auditApi } from "@millwright/audit/api";
import { type Clock, type Log, maySee, unitProblem } from "@millwright/core";
import { createHistory, type HistoryTables, historySection } from "@millwright/history";
import { historyApi } from "@millwright/history/api";
import { createGateways, createNamespace, isGatewayConnection, namespaceSection } from "@millwright/namespace";
import { namespaceApi } from "@millwright/namespace/api";
import { createHttpServer, createLive, createPlatform, mounted } from "@millwright/platform";
import { platformApi } from "@millwright/platform/api";
import {
	type Config,
	createBus,
	createLogMemory,
	createSupervisor,
	type LogMemory,
	mostTags,
	openTagDirectory,
	type Part,
} from "@millwright/runtime";
import { createSense } from "@millwright/sense";
import { samples, senseApi } from "@millwright/sense/api";
import { createTableReader } from "@millwright/series-duckdb";
import { createTwin, type TwinTables, twinSection } from "@millwright/twin";
import { derivedSamples, twinApi } from "@millwright/twin/api";
import { createBridges } from "./bridges.ts";
import { openBroker } from "./brokers.ts";
import { diskOf } from "./disk.ts";
import { drivers } from "./drivers.ts";
import { enginesSection } from "./engine-settings.ts";
import { createSeries } from "./history-engine.ts";
import { createOperations } from "./operations.ts";
import { createRecords } from "./record-engine.ts";
import { mayCall } from "./rights.ts";
import { senseForCallers } from "./sense-for-callers.ts";
import { accessSection, httpSection } from "./settings.ts";
import { createTagClasses } from "./tag-classes.ts";
import { createTagFacts } from "./tag-facts.ts";
import { version } from "./version.ts";

const webFolder = fileURLToPath(new URL("../../web/dist", import.meta.url));

export interface Server {
	start(): Promise<void>;
	stop(): Promise<void>;
	/** Known once started. */
	ready(): { url: string; setupCode: string | undefined; mqttPort: number | null };
}

/** The whole platform in one process: every part made, wired and given its place in the order of starting. */
export function createServer({
	config,
	data,
	clock,
	log,
	logMemory = createLogMemory(),
}: {
	config: Config & Part;
	data: string;
	clock: Clock;
	log: Log;
	/** What the log said last, for diagnostics. */
	logMemory?: LogMemory;
}): Server {
	const bus = createBus({ log });
	const directory = openTagDirectory({ file: join(data, "tags.sqlite") });
	const engines = config.get(enginesSection);
	const records = createRecords({ data, engines, clock, log });
	const { db } = records;

	const access = createAccess({ db, clock, log, bus, settings: () => config.get(accessSection), mayCall });
	const audit = createAudit({ db, file: join(data, "audit.jsonl"), clock, log });

	const historySettings = config.get(historySection);
	const engine = createSeries({ data, settings: historySettings, engines, clock, log });
	const historyReady = Promise.withResolvers<void>();

	const sense = createSense({
		config,
		directory,
		bus,
		clock,
		log,
		drivers,
		dataFolder: data,
		stored: {
			received: (connection) => history.counts.received(connection),
			stored: (connection) => history.counts.stored(connection),
			duplicate: (connection) => history.counts.duplicate(connection),
		},
	});
	const twin = createTwin({
		config,
		directory,
		bus,
		db: records.tables<TwinTables>(),
		clock,
		log: log.part("twin"),
		unitProblem,
		classOf: (id) => known.classOf(id),
		remembered: async (tags) => {
			await historyReady.promise;
			return engine.before({ tags, time: clock.now() });
		},
	});
	const root = () => config.get(namespaceSection).root;
	const classes = createTagClasses({ records, directory, log });
	const known = createTagFacts({ sense, twin, gateways: { facts: (id) => gateways.facts(id) }, classes, directory, root });
	const history = createHistory({
		engine,
		directory,
		bus,
		clock,
		log,
		settings: historySettings,
		config,
		db: records.tables<HistoryTables>(),
		reader: createTableReader({ temporaryFolder: join(data, "temporary") }),
		importFolders: { uploads: join(data, "uploads"), inbox: join(data, "import") },
		diskOf: () => diskOf(data),
		receipts: sense.receipts,
		unitOf: known.unitOfTag,
		dataClassOf: known.classOfTag,
		topicOf: (tag) => `${root()}/${tag}`,
		temporaryFolder: join(data, "temporary"),
		requestReplay: (connection, from) =>
			isGatewayConnection(connection) ? gateways.requestReplay(connection, from) : sense.replay(connection, from),
		onStored: (connection, first, last) => gateways.stored(connection, first, last),
		inAnyOrder: isGatewayConnection,
	});

	const broker = openBroker({
		settings: config.get(namespaceSection),
		root,
		authenticate: (who) => authenticate(who),
		folder: join(data, "broker"),
		clock,
		log,
		version,
		judge: (message) => namespace.onExternalPublish(message),
	});
	const bridges = createBridges({ config, broker, judge: (message) => namespace.onExternalPublish(message), data, clock, log });
	const namespace = createNamespace({
		broker,
		directory,
		bus,
		clock,
		log,
		settings: () => config.get(namespaceSection),
		sense: {
			facts: known.facts,
			ingest: sense.ingestColumns,
			remembered: {
				recent: sense.recent,
				async newest(tags) {
					await historyReady.promise;
					return engine.before({ tags, time: clock.now() + 86_400_000_000_000n });
				},
			},
		},
		classOf: known.classOfTag,
		bridges: bridges.list,
	});

	const gateways = createGateways({
		broker,
		directory,
		bus,
		clock,
		log,
		settings: () => config.get(namespaceSection).gateways,
		folder: join(data, "gateways"),
		history: {
			isOpen: history.isOpen,
			trouble() {
				const now = history.part.health?.();
				return now?.state === "failing" ? now.reason : undefined;
			},
			connections: () => engine.connections(),
			storedRanges: (connection) => engine.storedRanges(connection),
			received: history.counts.received,
			stored: history.counts.stored,
			duplicate: history.counts.duplicate,
		},
		ownerOf(tag) {
			const id = directory.idOf(tag) ?? 0;
			const connection = sense.facts(id)?.connection;
			if (connection !== undefined) return `the connection ${connection}`;
			return twin.facts(id)?.derived ? "the twin" : undefined;
		},
		deadLetter: namespace.deadLetter,
		tagsChanged: reclassified,
		hangUp: (principal) => broker.disconnectPrincipal?.(principal),
	});
	const authenticate = gateways.authenticator(access.brokerAuthenticator({ classOf: known.classOfTopic }));

	const live = createLive({
		directory,
		clock,
		log,
		gatekeeper: access.gatekeeper,
		version,
		maySeeTag: known.maySeeTag,
		latest: twin.latest,
	});

	const http = config.get(httpSection);
	const health = () => supervisor.health().map(({ part, ...about }) => ({ name: part, ...about }));
	const parts = (): Part[] => [
		access.part,
		audit.part,
		broker.part,
		namespace.part,
		twin.part,
		history.part,
		sense.part,
		gateways.part,
		live,
		door,
		...operations.parts,
	];
	const operations = createOperations({
		data,
		config,
		version,
		clock,
		log,
		logMemory,
		engine,
		records,
		audit: audit.trail,
		parts,
		ring: sense.ringFigures,
		bounded: async () => [
			{ name: "tags", title: "Tags", unit: "tags", used: directory.size, limit: mostTags },
			{
				name: "mqtt-clients",
				title: "MQTT clients",
				unit: "clients",
				used: broker.clients().length,
				limit: config.get(namespaceSection).mqtt.maxClients,
			},
			{
				name: "http-connections",
				title: "HTTP connections",
				unit: "connections",
				used: await new Promise<number>((resolve) => door.server.getConnections((_error, count) => resolve(count ?? 0))),
				limit: door.server.maxConnections,
			},
		],
		sources: [
			["health.json", health],
			["connections.json", () => sense.service.connections({})],
			["ledger.json", () => sense.service.ledger({})],
		],
		secrets: () => [access.setupCode() ?? ""],
	});
	const door = createHttpServer({
		listen: http.listen,
		...(http.tls ? { tls: http.tls } : {}),
		trustProxy: http.trustProxy,
		rateLimit: { perMinute: http.rateLimit, anonymousWritesPerMinute: 20 },
		log,
		clock,
		gatekeeper: access.gatekeeper,
		audit: audit.trail,
		services: [
			mounted(
				"sense",
				senseApi,
				senseForCallers(sense.service, { maySee: (principal, tag) => maySee(principal, known.classOfTag(tag)), gateways }),
			),
			mounted("namespace", namespaceApi, { ...namespace.service, ...gateways.service }),
			mounted("history", historyApi, history.service),
			mounted("twin", twinApi, twin.service),
			mounted("access", accessApi, access.service),
			mounted("audit", auditApi, audit.service),
			mounted("platform", platformApi, { ...createPlatform({ version, clock, health }), ...operations.service }),
		],
		...(existsSync(webFolder) ? { webFolder } : {}),
		health,
		figures: () => parts().flatMap((part) => part.figures?.() ?? []),
		version,
	});

	/** Tags came, went or became more or less confidential: whoever remembers who may see them asks again. */
	function reclassified(): void {
		classes.learn(
			(source, id) => (source === "connection" ? (sense.facts(id) ?? gateways.facts(id)) : twin.facts(id))?.dataClass,
		);
		namespace.refresh();
		broker.rightsChanged?.();
		void live.review();
	}

	/** Hears of a change after sense and twin have taken it, so that it asks for what holds now. */
	const listeners: (() => void)[] = [];
	const classification: Part = {
		name: "classification",
		async start() {
			listeners.push(sense.onFacts(reclassified), config.onChange(twinSection, "classification", reclassified));
			reclassified();
		},
		async stop() {
			for (const leave of listeners.splice(0)) leave();
			await classes.settled();
		},
	};

	/** The order in which parts hear of samples and events; the first to hear is the first to finish. */
	const wiring: Part = {
		name: "wiring",
		async start() {
			// Derived samples reach the history before the batch they came from: whatever a crash leaves, a stored batch has its derived ones.
			bus.receive(derivedSamples, "history", history.acceptDerived);
			bus.receive(derivedSamples, "namespace", namespace.accept);
			bus.receive(derivedSamples, "live", live.samples);
			bus.receive(samples, "live", live.samples);
			bus.onAny("live", (contract, about) => live.event(contract.name, about, known.classOfEvent(about), contract.allow));
			await classes.load();
			access.onRevoked(({ principal }) => {
				broker.disconnectPrincipal?.(principal);
				void live.review();
			});
			door.onUpgrade("/api/live", live.handleUpgrade);
			const { handleWebSocketUpgrade } = broker;
			if (config.get(namespaceSection).mqtt.webSocket && handleWebSocketUpgrade !== undefined)
				door.onUpgrade("/mqtt", handleWebSocketUpgrade);
		},
		async stop() {},
	};

	const supervisor = createSupervisor({
		log,
		clock,
		parts: [
			{ part: config, essential: true },
			{ part: records.part, essential: true },
			{ part: access.part, essential: true },
			{ part: audit.part, essential: true },
			{ part: wiring, essential: true },
			{ part: broker.part },
			// The twin hears a batch before the history does, so that what it derives is stored first.
			{ part: twin.part, essential: true },
			{ part: namespace.part, essential: true },
			{ part: history.part, essential: true },
			{ part: { name: "memory", start: async () => historyReady.resolve(), stop: async () => {} }, essential: true },
			{ part: sense.part, essential: true },
			{ part: { name: "recall", start: namespace.recall, stop: async () => {} } },
			{ part: bridges.part },
			{ part: gateways.part },
			{ part: classification, essential: true },
			// Stopped in reverse: live says goodbye to its sockets before the door cuts them.
			{ part: door, essential: true },
			{ part: live, essential: true },
			...operations.parts.map((part) => ({ part })),
		],
	});

	return {
		start: () => supervisor.start(),
		async stop() {
			await supervisor.stop();
			await records.close();
			directory.close();
		},
		ready: () => ({ url: door.url, setupCode: access.setupCode(), mqttPort: broker.port || null }),
	};
}
