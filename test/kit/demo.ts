import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { demoConfig } from "../../apps/simulator/src/demo-config.ts";
import { type Server, startServer } from "./platform.ts";
import { root, startProgram } from "./processes.ts";

export interface DemoPlant {
	ports: Record<string, number>;
	/** Switches of the plant: faults, repairs, network. */
	control(path: "/fault" | "/repair" | "/speed" | "/network", order: Record<string, unknown>): Promise<void>;
	stop(): Promise<void>;
}

/** The demo plant on free ports, so that several may run on one machine. */
export async function startDemoPlant(folder: string, args: readonly string[] = []): Promise<DemoPlant> {
	const token = "a token of this test";
	const simulator = await startProgram<{ ports: Record<string, number>; control: string }>(
		join(root, "apps/simulator/src/main.ts"),
		["--plant", "demo", "--ports", "free", "--folder", join(folder, "plant"), ...args],
		{ env: { MILLWRIGHT_SIMULATOR_TOKEN: token } },
	);
	return {
		ports: simulator.ready.ports,
		async control(path, order) {
			const response = await fetch(`${simulator.ready.control}${path}`, {
				method: "POST",
				headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
				body: JSON.stringify(order),
			});
			if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
		},
		stop: () => simulator.stop(),
	};
}

/** The plant and the platform with the demo's configuration, on free ports. */
export async function startDemo(folder: string): Promise<{ server: Server; plant: DemoPlant; stop(): Promise<void> }> {
	const plant = await startDemoPlant(folder);
	const config = join(folder, "millwright.yaml");
	writeFileSync(
		config,
		JSON.stringify({ http: { listen: { port: 0 } }, namespace: { mqtt: { listen: { port: 0 } } }, ...demoConfig(plant.ports) }),
	);
	const server = await startServer({ config, data: join(folder, "data") });
	return {
		server,
		plant,
		async stop() {
			await server.stop();
			await plant.stop();
		},
	};
}
