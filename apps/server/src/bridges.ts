import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bridge, createBridge } from "@millwright/broker-mqtt";
import { asMillwrightError, type Broker, type Clock, type Log } from "@millwright/core";
import { type NamespaceParts, namespaceSection } from "@millwright/namespace";
import type { BridgeInfo, BridgeSettings } from "@millwright/namespace/api";
import type { Config, Health, Part } from "@millwright/runtime";
import { outsideBroker } from "./brokers.ts";

/** The bridges of the configuration; a change touches only those that changed. */
export function createBridges({
	config,
	broker,
	judge,
	data,
	clock,
	log,
}: {
	config: Config;
	broker: Broker;
	judge: NamespaceParts["onExternalPublish"];
	data: string;
	clock: Clock;
	log: Log;
}): { part: Part; list(): BridgeInfo[] } {
	const open = new Map<string, { settings: string; bridge: Bridge }>();
	/** Those that could not be made, with the reason. */
	const failed = new Map<string, string>();
	let leave: (() => void) | undefined;
	let installation = "";

	async function begin(settings: BridgeSettings): Promise<void> {
		const { name } = settings;
		try {
			const bridge = createBridge({
				name,
				outside: outsideBroker(settings, settings.clientId ?? `millwright-${name}-${installation}`, `namespace.bridges.${name}`),
				out: settings.out,
				in: settings.in,
				broker,
				marker: `${installation}/${name}`,
				judge,
				clock,
				log,
			});
			open.set(name, { settings: JSON.stringify(settings), bridge });
			await bridge.part.start();
		} catch (thrown) {
			const error = asMillwrightError(thrown, "bridge.start-failed");
			failed.set(name, error.message);
			log.error("A bridge could not be made", { bridge: name, reason: error.message, hint: error.hint, place: error.place });
		}
	}

	async function apply(wanted: readonly BridgeSettings[]): Promise<void> {
		failed.clear();
		for (const [name, { settings, bridge }] of open) {
			if (wanted.some((one) => JSON.stringify(one) === settings)) continue;
			open.delete(name);
			await bridge.part.stop();
		}
		for (const settings of wanted) if (!open.has(settings.name)) await begin(settings);
	}

	function health(): Health {
		for (const [name, reason] of failed)
			return { state: "degraded", reason: `The bridge ${name} could not be made: ${reason}`, hint: "Mend namespace.bridges." };
		const all = [...open.values()].map(({ bridge }) => bridge.part.health?.() ?? { state: "good" as const });
		return all.find(({ state }) => state !== "good") ?? { state: "good" };
	}

	return {
		list: () => [...open.values()].map(({ bridge }) => bridge.status()),
		part: {
			name: "bridges",
			async start() {
				installation = installationOf(data);
				leave = config.onChange(namespaceSection, "bridges", ({ bridges }) => apply(bridges));
				await apply(config.get(namespaceSection).bridges);
			},
			async stop() {
				leave?.();
				await apply([]);
			},
			health,
			figures: () => [...open.values()].flatMap(({ bridge }) => bridge.part.figures?.() ?? []),
		},
	};
}

/** Tells this installation from all others, over restarts. */
function installationOf(data: string): string {
	const file = join(data, "installation-id");
	try {
		return readFileSync(file, "utf8").trim().slice(0, 12);
	} catch {
		const id = createHash("sha256").update(randomUUID()).digest("hex").slice(0, 12);
		mkdirSync(data, { recursive: true, mode: 0o700 });
		writeFileSync(file, `${id}\n`, { mode: 0o600 });
		return id;
	}
}
