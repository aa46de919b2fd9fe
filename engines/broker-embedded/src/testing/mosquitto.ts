import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const places = ["mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];

/** Where Mosquitto is; undefined where it is not installed. */
export const mosquittoProgram: string | undefined = places.find((place) => spawnSync(place, ["-h"]).error === undefined);
export const hasMosquittoClients: boolean = spawnSync("mosquitto_pub", ["--help"]).error === undefined;

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as { port: number };
	await new Promise((resolve) => server.close(resolve));
	return port;
}

const answers = (port: number): Promise<boolean> =>
	new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1");
		socket.once("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.once("error", () => resolve(false));
	});

/** A Mosquitto of our own that admits everybody and denies publishing below `denied/`. */
export async function startMosquitto(): Promise<{ port: number; [Symbol.asyncDispose](): Promise<void> }> {
	const folder = mkdtempSync(join(tmpdir(), "broker-oracle-"));
	const port = await freePort();
	const acl = join(folder, "acl");
	const config = join(folder, "mosquitto.conf");
	writeFileSync(acl, "topic readwrite #\ntopic deny denied/#\n", { mode: 0o600 });
	writeFileSync(
		config,
		[
			`listener ${port} 127.0.0.1`,
			"allow_anonymous true",
			"persistence false",
			"allow_duplicate_messages false",
			"max_packet_size 1048576",
			`acl_file ${acl}`,
			...(process.getuid?.() === 0 ? ["user root"] : []),
			"",
		].join("\n"),
	);
	const child: ChildProcess = spawn(mosquittoProgram as string, ["-c", config], { stdio: "ignore" });
	// A test that runs out of time must not leave it behind.
	const orphaned = (): void => void child.kill();
	process.once("exit", orphaned);
	const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
	while (child.exitCode === null && !(await answers(port)));
	if (child.exitCode !== null) throw new Error(`Mosquitto ended with ${child.exitCode}`);
	return {
		port,
		async [Symbol.asyncDispose]() {
			process.removeListener("exit", orphaned);
			child.kill();
			await ended;
			rmSync(folder, { recursive: true });
		},
	};
}
