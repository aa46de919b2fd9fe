import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const places = ["mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];

/** Where Mosquitto is; undefined where it is not installed. */
export const mosquittoProgram: string | undefined = places.find((place) => spawnSync(place, ["-h"]).error === undefined);

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

export interface Mosquitto {
	readonly port: number;
	readonly url: string;
	/** Ends it as a power cut would. */
	kill(): Promise<void>;
	/** On the same port, with nothing remembered. */
	start(): Promise<void>;
	stop(): Promise<void>;
}

/** A Mosquitto of a test's own, with extra lines of configuration. */
export async function startMosquitto(lines: readonly string[] = []): Promise<Mosquitto> {
	const folder = mkdtempSync(join(tmpdir(), "outside-broker-"));
	const port = await freePort();
	const config = join(folder, "mosquitto.conf");
	writeFileSync(
		config,
		[
			`listener ${port} 127.0.0.1`,
			...(lines.some((line) => line.startsWith("allow_anonymous")) ? [] : ["allow_anonymous true"]),
			"persistence false",
			"max_queued_messages 100000",
			...(process.getuid?.() === 0 ? ["user root"] : []),
			...lines,
			"",
		].join("\n"),
	);
	let child: ChildProcess | undefined;
	let ended: Promise<void> = Promise.resolve();
	// A test that runs out of time must not leave it behind.
	process.once("exit", () => void child?.kill("SIGKILL"));
	const start = async (): Promise<void> => {
		const one = spawn(mosquittoProgram as string, ["-c", config], { stdio: "ignore" });
		child = one;
		ended = new Promise<void>((resolve) => one.once("exit", () => resolve()));
		while (one.exitCode === null && !(await answers(port)));
		if (one.exitCode !== null) throw new Error(`Mosquitto ended with ${one.exitCode}`);
	};
	const kill = async (): Promise<void> => {
		child?.kill("SIGKILL");
		await ended;
	};
	await start();
	return {
		port,
		url: `mqtt://127.0.0.1:${port}`,
		kill,
		start,
		async stop() {
			await kill();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
