import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fixedPorts } from "../../test/kit/ports.ts";

const places = ["mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];
const program = places.find((place) => spawnSync(place, ["-h"]).error === undefined);

export const mosquittoVersion = (): string | undefined =>
	program && /version ([\d.]+)/.exec(spawnSync(program, ["-h"], { encoding: "utf8" }).stdout)?.[1];

export interface Peer {
	port: number;
	pid: number;
	stop(): Promise<void>;
}

/** Mosquitto in a process of its own: as it comes, or with `settings` of its configuration file added. */
export async function startMosquitto(settings: readonly string[] = []): Promise<Peer | undefined> {
	if (program === undefined) return undefined;
	const folder = mkdtempSync(join(tmpdir(), "bench-broker-"));
	const [port] = (await fixedPorts(1)) as [number];
	const config = join(folder, "mosquitto.conf");
	const asRoot = process.getuid?.() === 0 ? ["user root"] : [];
	writeFileSync(config, [`listener ${port} 127.0.0.1`, "allow_anonymous true", ...asRoot, ...settings, ""].join("\n"));
	const child = spawn(program, ["-c", config], { stdio: "ignore" });
	const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
	const end = (): void => void child.kill();
	process.once("exit", end);
	while (!(await answers(port))) if (child.exitCode !== null) throw new Error(`Mosquitto ended with ${child.exitCode}`);
	return {
		port,
		pid: pidOf(child),
		async stop() {
			process.off("exit", end);
			child.kill();
			await ended;
			rmSync(folder, { recursive: true });
		},
	};
}

const pidOf = (child: ChildProcess): number => child.pid as number;

const answers = (port: number): Promise<boolean> =>
	new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1");
		socket.once("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.once("error", () => setTimeout(resolve, 20, false));
	});
