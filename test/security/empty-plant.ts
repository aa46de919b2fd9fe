import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Server, startServer, throwAwayFolder } from "../kit/platform.ts";

export interface EmptyPlant {
	server: Server;
	url: string;
	folder: string;
	data: string;
	config: string;
	stop(): Promise<void>;
}

/** The platform without a machine, on free ports; `over` is laid over its configuration. */
export async function startEmptyPlant(over: Record<string, unknown> = {}, env: Record<string, string> = {}): Promise<EmptyPlant> {
	const { folder, remove } = throwAwayFolder("security");
	const config = join(folder, "millwright.yaml");
	const data = join(folder, "data");
	const http = { listen: { port: 0 }, rateLimit: 60_000 };
	writeFileSync(config, JSON.stringify({ http, namespace: { mqtt: { listen: { port: 0 } } }, ...over }));
	const server = await startServer({ config, data, env });
	return {
		server,
		url: server.ready.url,
		folder,
		data,
		config,
		async stop() {
			await server.stop();
			remove();
		},
	};
}
