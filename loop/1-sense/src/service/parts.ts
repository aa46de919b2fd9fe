import type { Bus, Clock, Log } from "@millwright/core";
import type { Config } from "@millwright/runtime";
import type { Connection } from "../connection/connection.ts";
import type { Drivers } from "../drivers.ts";
import type { LedgerBook } from "../ledger.ts";
import type { Ring } from "../ring/ring.ts";
import type { Trust } from "../trust.ts";

/** What the operations work with. */
export interface SenseParts {
	config: Config;
	bus: Bus;
	clock: Clock;
	log: Log;
	drivers: Drivers;
	trust: Trust;
	ring: Ring;
	ledger: LedgerBook;
	connections: ReadonlyMap<string, Connection>;
	/** Folder of a driver's own files. */
	folderOf(driver: string): string;
	environment: Readonly<Record<string, string | undefined>>;
}
