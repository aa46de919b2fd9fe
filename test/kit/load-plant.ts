import { join } from "node:path";
import type { LoadShape } from "../../apps/simulator/src/load-simulator.ts";
import { loadPorts } from "../../apps/simulator/src/ports.ts";
import type { NetworkAction } from "../../apps/simulator/src/servers/network.ts";
import { freeOffset } from "./ports.ts";
import { type Running, root, startProgram } from "./processes.ts";

interface PlantReady {
	ports: Record<string, number>;
	control: string;
	token: string;
	pid: number;
}

/** The simulator's counters in a process of their own, on ports that outlive it. */
export interface LoadPlant {
	readonly ports: Record<string, number>;
	readonly targets: readonly string[];
	readonly pid: number;
	network(target: string, action: NetworkAction): Promise<void>;
	/** By connection: how often each register has been answered. */
	answered(): Promise<Record<string, number[]>>;
	/** As a power cut; counters begin anew at the next start. */
	kill(): Promise<void>;
	start(): Promise<void>;
	stop(): Promise<void>;
}

export async function startLoadPlant({ shape, folder }: { shape: LoadShape; folder: string }): Promise<LoadPlant> {
	const offset = await freeOffset(Object.values(loadPorts(shape.modbusConnections)));
	let running: Running<PlantReady>;
	const start = async () => {
		running = await startProgram<PlantReady>(join(root, "apps/simulator/src/main.ts"), [
			...["--plant", "load", "--folder", folder, "--port-offset", String(offset), "--with-parent"],
			...[
				"--modbus-connections",
				String(shape.modbusConnections),
				"--registers-per-connection",
				String(shape.registersPerConnection),
			],
			...["--opcua-tags", String(shape.opcuaTags), "--rate", String(shape.rate), "--counting", shape.counting],
		]);
	};
	const ask = async (path: string, body?: unknown): Promise<unknown> => {
		const { control, token } = running.ready;
		const response = await fetch(`${control}${path}`, {
			method: body ? "POST" : "GET",
			headers: { authorization: `Bearer ${token}` },
			...(body ? { body: JSON.stringify(body) } : {}),
		});
		if (!response.ok) throw new Error(`The plant answers ${path} with ${response.status}: ${await response.text()}`);
		return response.json();
	};
	await start();
	const { control: _, ...ports } = running!.ready.ports;
	return {
		ports,
		targets: Object.keys(ports),
		get pid() {
			return running.pid;
		},
		network: async (target, action) => void (await ask("/network", { target, action })),
		answered: async () => ((await ask("/state")) as { answered: Record<string, number[]> }).answered,
		kill: () => running.kill(),
		start,
		stop: () => running.stop(),
	};
}
