import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createClock, createLatency } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { afterEach, expect, test } from "vitest";
import { createGate } from "./gate.ts";
import { createRequests, RequestTimeout } from "./requests.ts";
import { createRolling } from "./rolling.ts";

const children: ChildProcess[] = [];
afterEach(() => {
	for (const child of children.splice(0)) child.kill("SIGKILL");
});

const figures = () => ({ latency: createLatency(), requests: createRolling(() => performance.now()), failures: 0 });

test("an answer that came in while this process stood still is taken, though the deadline has passed meanwhile", async () => {
	const child = spawn(
		process.execPath,
		[
			"-e",
			"require('net').createServer((s) => s.pipe(s)).listen(0, '127.0.0.1', function () { console.log(this.address().port) })",
		],
		{ stdio: ["ignore", "pipe", "inherit"] },
	);
	children.push(child);
	const [port] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
	const socket = connect(Number(port.toString()), "127.0.0.1");
	await once(socket, "connect");
	const clock = createClock();
	const counted = figures();
	const request = createRequests({
		timeoutMs: 100,
		gate: createGate({ limit: 1, pauseMs: 0, clock }),
		clock,
		signal: new AbortController().signal,
		figures: counted,
		lose: (reason) => {
			throw reason;
		},
	});
	for (const standsStillMs of [130, 600]) {
		const answer = request(async () => {
			socket.write("ping");
			const [data] = (await once(socket, "data")) as [Buffer];
			return data.toString();
		});
		await new Promise((resolve) => setImmediate(resolve));
		// The far end answers meanwhile; nobody here can listen.
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, standsStillMs);
		expect(await answer).toBe("ping");
	}
	expect(counted.failures).toBe(0);
	socket.destroy();
});

test("an answer that does not come is given up at its deadline, once", async () => {
	const clock = createFakeClock();
	const counted = figures();
	const request = createRequests({
		timeoutMs: 100,
		gate: createGate({ limit: 1, pauseMs: 0, clock }),
		clock,
		signal: new AbortController().signal,
		figures: counted,
		lose() {},
	});
	const answer = request(() => new Promise<never>(() => {}));
	const failed = expect(answer).rejects.toThrow(RequestTimeout);
	await clock.advance(99);
	expect(counted.failures).toBe(0);
	await clock.advance(1);
	await failed;
	expect(counted.failures).toBe(1);
});
