import { type Clock, type Log, MillwrightError } from "@millwright/core";
import type { NetworkAction, Target } from "./network.ts";
import { type OpcUaNode, startOpcUaServer } from "./opcua-server.ts";
import { openWire } from "./wire.ts";

export interface OpcUaTarget extends Target {
	set(index: number, value: number | string, time: Date): void;
	/** Where the namespace stands now; changes with restart-new-ids. */
	readonly namespaceIndex: number;
}

/** An OPC UA server behind a wire of ours, because a server that is shut down says goodbye and a pulled plug does not. */
export async function openOpcUaTarget(about: {
	name: string;
	namespace: string;
	nodes: readonly OpcUaNode[];
	folder: string;
	port: number;
	clock: Clock;
	log: Log;
	now(): Date;
}): Promise<OpcUaTarget> {
	const { name, clock, log } = about;
	let wireState: NetworkAction | "good" = "good";
	let serverPort = 0;
	let shift = 0;
	const wire = await openWire({ port: about.port, serverPort: () => serverPort, clock });
	// The newest values outlive a restart.
	const newest = about.nodes.map((node) => node.first);
	const start = async () => {
		const nodes = about.nodes.map((node, index) => ({ ...node, first: newest[index] as number | string }));
		const started = await startOpcUaServer({ ...about, nodes, advertisedPort: wire.port, shift });
		serverPort = started.port;
		return started;
	};
	let server: Awaited<ReturnType<typeof start>> | undefined;
	try {
		server = await start();
	} catch (error) {
		await wire.cut();
		throw error;
	}
	let busy = Promise.resolve();
	const act: Target["act"] = async ({ action, delayMs }) => {
		if (action === "stale-ids")
			throw new MillwrightError("simulator.action-impossible", "OPC UA has no transaction ids of that kind", {
				kind: "input",
				hint: "Use it on a Modbus target: line-1-plc, palletizer-9 …",
			});
		if (action === "restart-new-ids") {
			await wire.cut();
			const was = server;
			server = undefined;
			await was?.stop();
			shift++;
			server = await start();
			log.info("OPC UA server restarted", { target: name, namespaceIndex: server.namespaceIndex });
		}
		if (action === "cut") await wire.cut();
		else await wire.restore();
		if (action === "half-open") wire.freeze();
		if (action === "slow") wire.slow(delayMs);
		wireState = action === "restore" || action === "restart-new-ids" ? "good" : action;
	};
	return {
		name,
		protocol: "opcua",
		get port() {
			return wire.port;
		},
		get wire() {
			return wireState;
		},
		get namespaceIndex() {
			return server?.namespaceIndex ?? 0;
		},
		set(index, value, time) {
			newest[index] = value;
			server?.set(index, value, time);
		},
		// One at a time: a restart takes a second.
		act(order) {
			const next = busy.then(() => act(order));
			busy = next.catch(() => {});
			return next;
		},
		async close() {
			await busy;
			await wire.cut();
			await server?.stop();
			server = undefined;
		},
	};
}
