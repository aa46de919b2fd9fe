import { mkdirSync } from "node:fs";
import type { Clock, Log } from "@millwright/core";
import { type FolderLock, lockFolder, markedStore, tagsStore, type UpgradeStore, upgradeData } from "@millwright/runtime";
import { ringStore } from "@millwright/sense";

const stores: readonly UpgradeStore[] = [
	tagsStore,
	ringStore,
	markedStore("broker", { title: "MQTT sessions and retained messages", place: "broker" }),
	markedStore("uplink", { title: "line to the centre", place: "uplink.json" }),
];

/** The data folder is ours, whole, and of this version's schema; whoever gets in here alone. */
export async function prepareData({
	data,
	version,
	clock,
	log,
}: {
	data: string;
	version: string;
	clock: Clock;
	log: Log;
}): Promise<FolderLock> {
	mkdirSync(data, { recursive: true, mode: 0o700 });
	const lock = lockFolder(data);
	try {
		await upgradeData({ data, version, stores, clock, log });
		return lock;
	} catch (thrown) {
		lock.release();
		throw thrown;
	}
}
