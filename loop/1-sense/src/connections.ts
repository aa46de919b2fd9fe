import { join } from "node:path";
import { asMillwrightError, type Bus, type Clock, type Log, type Quality, type TagDirectory } from "@millwright/core";
import { type ConnectionSettings, connectionChanged, type SenseSettings, settingsChanged, type TagFacts } from "./api.ts";
import { type Connection, createConnection } from "./connection/connection.ts";
import type { Drivers } from "./drivers.ts";
import type { FactBook } from "./fact-book.ts";
import { factsOf } from "./facts.ts";
import type { LedgerBook } from "./ledger.ts";
import { expandTags } from "./settings/expand.ts";
import type { Trust } from "./trust.ts";

interface Running {
	/** Everything that makes it what it is; equal means untouched. */
	signature: string;
	facts: TagFacts[];
}

/** The connections that run; they follow the configuration. */
export function createConnections({
	directory,
	drivers,
	ledger,
	trust,
	facts,
	folder,
	environment,
	bus,
	clock,
	qualityAt,
	log,
}: {
	directory: TagDirectory;
	drivers: Drivers;
	ledger: LedgerBook;
	trust: Trust;
	facts: FactBook;
	/** Of this package, within the data folder. */
	folder: string;
	environment: Readonly<Record<string, string | undefined>>;
	bus: Bus;
	clock: Clock;
	qualityAt(ms: number): Quality;
	log: Log;
}) {
	const running = new Map<string, Running>();
	const connections = new Map<string, Connection>();

	/** A driver's own files. */
	const folderOf = (driver: string): string => join(folder, "drivers", driver);

	function make(name: string, settings: ConnectionSettings, maps: SenseSettings["maps"]): TagFacts[] {
		const { tags: plans, problems } = expandTags(settings, maps);
		const known = factsOf(name, settings, plans, directory);
		const connection = createConnection({
			name,
			settings,
			plans,
			loadDriver: () => drivers.load(settings.driver),
			directory,
			tally: ledger.tally(name),
			trust: trust.forConnection(name),
			folder: folderOf(settings.driver),
			environment,
			problem: problems[0]?.message,
			clock,
			qualityAt,
			log,
			changed: (state, reason) =>
				bus.emit(connectionChanged, { connection: name, state, ...(reason === undefined ? {} : { reason }), at: clock.nowMs() }),
		});
		connections.set(name, connection);
		return known;
	}

	return {
		all: connections as ReadonlyMap<string, Connection>,
		folderOf,
		/** Only what differs is stopped or started. */
		async apply(next: SenseSettings): Promise<void> {
			const added: string[] = [];
			const changed: string[] = [];
			const removed = [...running.keys()].filter((name) => !Object.hasOwn(next.connections, name));
			const wanted = new Map<string, string>();
			for (const [name, settings] of Object.entries(next.connections)) {
				const maps = settings.machines.map(({ map }) => (Object.hasOwn(next.maps, map) ? next.maps[map] : null));
				const signature = JSON.stringify([settings, maps]);
				const now = running.get(name);
				if (now?.signature === signature) continue;
				(now ? changed : added).push(name);
				wanted.set(name, signature);
			}
			await Promise.all([...removed, ...changed].map(async (name) => connections.get(name)?.stop()));
			for (const name of removed) {
				running.delete(name);
				connections.delete(name);
			}
			for (const [name, signature] of wanted) {
				try {
					running.set(name, { signature, facts: make(name, next.connections[name] as ConnectionSettings, next.maps) });
				} catch (thrown) {
					log.error("A connection cannot begin", { connection: name, reason: asMillwrightError(thrown).message });
				}
			}
			facts.replace([...running.values()].flatMap((one) => one.facts));
			for (const name of wanted.keys()) connections.get(name)?.start();
			if (added.length + changed.length + removed.length > 0)
				bus.emit(settingsChanged, { added, changed, removed, at: clock.nowMs() });
		},
		tick(): void {
			for (const connection of connections.values()) connection.tick();
		},
		async stop(): Promise<void> {
			await Promise.all([...connections.values()].map((connection) => connection.stop()));
			running.clear();
			connections.clear();
		},
	};
}
