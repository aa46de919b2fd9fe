import { rename } from "node:fs/promises";
import { join } from "node:path";
import { asMillwrightError, type Clock, type Log, MillwrightError } from "@millwright/core";
import { syncFolder, writeDurably } from "../durable-files.ts";
import { readSchemaFile, type SchemaFile, type Schemas, schemaFile } from "./schemas.ts";
import { endPlan, planUnderWay, rollBack, snapshotsFolder, takeSnapshot, tidySnapshots } from "./snapshot.ts";
import { isAhead, isBehind, newerThanProgram, type UpgradeStore } from "./store.ts";

export interface Upgraded {
	/** Names of the stores that were changed. */
	stores: string[];
	/** An upgrade that was cut off was undone first. */
	recovered: boolean;
}

/**
 * Brings a data folder that nobody has open from any earlier schema to the program's, skipping as many versions as there are. What
 * changes is copied aside first; a failure puts it back, a kill is put back by the next start, and newer data is not touched.
 */
export async function upgradeData({
	data,
	version,
	stores,
	clock,
	log: parentLog,
}: {
	data: string;
	version: string;
	stores: readonly UpgradeStore[];
	clock: Clock;
	log: Log;
}): Promise<Upgraded> {
	const log = parentLog.part("upgrade");
	const recovered = await recover(data, log);
	const written = await readSchemaFile(data);
	const known = stores.map((store) => ({ store, found: store.found(data) }));
	for (const { store, found } of known) {
		const said = written?.schemas[store.name];
		for (const one of [found, said])
			if (one !== undefined && isAhead(one, store.current))
				throw newerThanProgram(store.title, { version: written?.version, place: data });
	}
	const pending = known
		.filter(({ store, found }) => found !== undefined && isBehind(found, store.current))
		.map(({ store }) => store);
	if (pending.length > 0) await bringUp({ data, from: written?.version ?? "an earlier version", version, pending, clock, log });
	await writeSchemas(data, { version, stores, clock, written });
	return { stores: pending.map(({ name }) => name), recovered };
}

async function recover(data: string, log: Log): Promise<boolean> {
	const plan = await planUnderWay(data);
	if (!plan) return false;
	log.warn("An upgrade was cut off; its snapshot is put back", { from: plan.from, to: plan.to, snapshot: plan.snapshot });
	await rollBack(data, plan);
	return true;
}

async function bringUp({
	data,
	from,
	version,
	pending,
	clock,
	log,
}: {
	data: string;
	from: string;
	version: string;
	pending: readonly UpgradeStore[];
	clock: Clock;
	log: Log;
}): Promise<void> {
	const name = new Date(clock.nowMs()).toISOString().replaceAll(/[:.]/g, "-");
	const titles = pending.map(({ title }) => title).join("; ");
	log.info("Bringing the data up to date", { from, to: version, stores: titles });
	const plan = await takeSnapshot(data, { name, from, to: version, files: pending.flatMap(({ files }) => files) }).catch(
		(cause: unknown) => {
			throw new MillwrightError("upgrade.snapshot-failed", `No snapshot could be made: ${asMillwrightError(cause).message}`, {
				kind: "outage",
				hint: "Free some space on the disk of the data folder. Nothing was changed; the former version starts as before.",
				place: join(data, snapshotsFolder),
				cause,
			});
		},
	);
	let at = "";
	try {
		for (const store of pending) {
			at = store.title;
			await store.bringUp(data);
			const now = store.found(data);
			if (now === undefined || isBehind(now, store.current)) throw new Error("its schema is not what it should be afterwards");
		}
	} catch (cause) {
		const { message, code } = asMillwrightError(cause);
		await rollBack(data, plan);
		log.error("The upgrade failed and was undone", { store: at, code, reason: message });
		throw new MillwrightError("upgrade.failed", `The upgrade to ${version} failed at ${at} and was undone: ${message}`, {
			kind: "outage",
			hint: `The data is as it was. Start the former version (${from}) again, and report this with millwright diagnostics.`,
			place: data,
			cause,
		});
	}
	await endPlan(data);
	await tidySnapshots(data);
	log.info("The data is up to date", { version, snapshot: join(snapshotsFolder, name) });
}

async function writeSchemas(
	data: string,
	{
		version,
		stores,
		clock,
		written,
	}: { version: string; stores: readonly UpgradeStore[]; clock: Clock; written: SchemaFile | undefined },
): Promise<void> {
	// Of stores that only another program over the same folder has, its word stays.
	const schemas: Schemas = { ...written?.schemas };
	for (const { name, current } of stores) schemas[name] = typeof current === "number" ? current : [...current];
	if (written?.version === version && JSON.stringify(written.schemas) === JSON.stringify(schemas)) return;
	const content: SchemaFile = { format: 1, version, at: clock.nowMs(), schemas };
	await writeDurably(join(data, `${schemaFile}.new`), `${JSON.stringify(content, null, "\t")}\n`);
	await rename(join(data, `${schemaFile}.new`), join(data, schemaFile));
	await syncFolder(data);
}
