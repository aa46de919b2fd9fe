import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { throwAwayFolder, until } from "../kit/platform.ts";
import { root, usageOf } from "../kit/processes.ts";

const { folder, remove } = throwAwayFolder("terminal");
afterAll(remove);

test("a terminal that goes away costs nothing but its lines", async () => {
	const config = join(folder, "millwright.yaml");
	// A machine that is never there gives the log something to say all the time.
	const gone = { driver: "modbus", settings: { host: "127.0.0.1", port: 9 }, retry: { first: 50, longest: 50 } };
	writeFileSync(
		config,
		JSON.stringify({
			http: { listen: { port: 0 } },
			namespace: { mqtt: { listen: { port: 0 } } },
			sense: { connections: { gone } },
		}),
	);
	const server = spawn(process.execPath, [
		join(root, "apps/server/src/main.ts"),
		"start",
		"--config",
		config,
		"--data",
		join(folder, "data"),
		"--ready-json",
	]);
	try {
		const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
		const { url } = JSON.parse(line) as { url: string };
		server.stdout.destroy();
		server.stderr.destroy();
		const health = async () => (await fetch(`${url}/health`)).status;
		const pid = server.pid as number;
		const before = { cpuMs: usageOf(pid).cpuMs, at: performance.now() };
		// Fifty questions over a while: long enough for a failing write to have come round many times.
		for (let asked = 0; asked < 50; asked++) {
			await until(health, (status) => status === 200);
			await new Promise((resolve) => setTimeout(resolve, 40));
		}
		const share = (usageOf(pid).cpuMs - before.cpuMs) / (performance.now() - before.at);
		expect(share).toBeLessThan(0.4);
	} finally {
		server.kill("SIGTERM");
		if (server.exitCode === null) await once(server, "exit");
	}
	expect(server.exitCode).toBe(0);
});
