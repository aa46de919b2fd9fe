import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Role } from "@millwright/core";
import { demoConfig } from "../../apps/simulator/src/demo-config.ts";
import { startDemoPlant } from "../kit/demo.ts";
import { type Session, signIn, startServer, throwAwayFolder } from "../kit/platform.ts";
import { type Caller, callerAt } from "./caller.ts";

/** Confidential by its connection alone; the template calls it internal. May be written, and is context of a tag all may see. */
export const byConnection = "northworks/building-a/line-1/conveyor-1/speed-reference";
/** Confidential by its template alone; the connection calls it internal. */
export const byTemplate = "northworks/building-a/line-1/cnc-1/motor-power";
export const open = "northworks/building-a/line-1/conveyor-1/speed";
export const hidden = [byConnection, byTemplate];

interface Tags {
	tags: Record<string, Record<string, unknown>>;
}

export interface GuardedPlant {
	url: string;
	mqttPort: number;
	admin: Session;
	/** A person with these roles who has chosen a password. */
	person(login: string, roles: Role[]): Promise<Caller>;
	restart(): Promise<void>;
	errors(): string;
	stop(): Promise<void>;
}

/** The demo plant with two confidential tags on every line, and the platform on free ports. */
export async function startGuardedPlant(): Promise<GuardedPlant> {
	const { folder, remove } = throwAwayFolder("security");
	const plant = await startDemoPlant(folder);
	const { sense, twin } = demoConfig(plant.ports);
	const maps = sense.maps as Record<string, Tags>;
	const templates = twin.templates as Record<string, Tags>;
	(maps["northworks-conveyor"] as Tags).tags["speed-reference"] = {
		...maps["northworks-conveyor"]?.tags["speed-reference"],
		dataClass: "confidential",
	};
	(templates.cnc as Tags).tags["motor-power"] = { ...templates.cnc?.tags["motor-power"], dataClass: "confidential" };
	const config = join(folder, "millwright.yaml");
	const listen = { listen: { port: 0 } };
	writeFileSync(config, JSON.stringify({ http: { ...listen, rateLimit: 60_000 }, namespace: { mqtt: listen }, sense, twin }));
	const start = () => startServer({ config, data: join(folder, "data") });
	let server = await start();
	let admin = await signIn(server.ready);
	return {
		get url() {
			return server.ready.url;
		},
		get mqttPort() {
			return server.ready.mqttPort as number;
		},
		get admin() {
			return admin;
		},
		async person(login, roles) {
			const { firstPassword } = await admin.access.addPerson({ login, name: login, roles });
			const caller = callerAt(server.ready.url);
			await caller.call("access", "signIn", { login, password: firstPassword });
			await caller.call("access", "updateMe", { password: { now: firstPassword, next: `the ${login} of a plant` } });
			return caller;
		},
		async restart() {
			await server.stop();
			server = await start();
			admin = await signIn(server.ready);
		},
		errors: () => server.errors(),
		async stop() {
			await server.stop();
			await plant.stop();
			remove();
		},
	};
}
