import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLog } from "@millwright/runtime";
import { expect, test } from "vitest";
import { type Controlled, openControl } from "./control.ts";

const asked: unknown[] = [];
const plant: Controlled = {
	state: (options) => ({ truth: options?.truth }),
	fault: (order) => void asked.push(order),
	repair: (order) => void asked.push(order),
	speed: (order) => order,
	network: (order) => Promise.resolve(order),
};

async function withControl(
	run: (ask: (path: string, init?: RequestInit) => Promise<Response>, base: string) => Promise<void>,
): Promise<void> {
	const control = await openControl({ port: 0, token: "open-sesame", plant, log: silentLog });
	const base = `http://127.0.0.1:${control.port}`;
	try {
		await run((path, init) => fetch(`${base}${path}`, { ...init, headers: { authorization: "Bearer open-sesame" } }), base);
	} finally {
		await control.close();
	}
}

test("nobody comes in without the token", async () => {
	await withControl(async (_ask, base) => {
		for (const authorization of ["", "Bearer wrong", "open-sesame", "Bearer open-sesame2"]) {
			const response = await fetch(`${base}/fault`, {
				method: "POST",
				headers: { authorization },
				body: '{"machine":"cnc-1","fault":"drift"}',
			});
			expect(response.status).toBe(401);
			expect(((await response.json()) as { code: string }).code).toBe("simulator.token-wrong");
		}
		expect((await fetch(`${base}/state`)).status).toBe(401);
	});
	expect(asked).toEqual([]);
});

test("orders are checked, completed with what is usual, and done", async () => {
	await withControl(async (ask) => {
		expect(await (await ask("/state?truth=3")).json()).toEqual({ truth: 3 });
		expect((await ask("/fault", { method: "POST", body: '{"machine":"cnc-1","fault":"tool-wear"}' })).status).toBe(200);
		expect(asked.pop()).toEqual({ machine: "cnc-1", fault: "tool-wear", severity: 1, minutes: 10, after: 0 });
		const wrong = await ask("/fault", { method: "POST", body: '{"machine":"cnc-1","fault":"boredom"}' });
		expect(wrong.status).toBe(400);
		expect(await wrong.json()).toMatchObject({ place: "fault", kind: "input" });
		expect((await ask("/speed", { method: "POST", body: '{"speed":-1}' })).status).toBe(400);
		expect((await ask("/network", { method: "POST", body: "{" })).status).toBe(400);
		expect((await ask("/network", { method: "POST", body: '{"target":"palletizer-9","action":"cut"}' })).status).toBe(200);
		expect((await ask("/fault")).status).toBe(404);
		expect((await ask("/fault", { method: "POST", body: `{"machine":"${"x".repeat(70_000)}"}` })).status).toBe(400);
	});
});

const readyLine = (child: ChildProcess): Promise<Record<string, unknown>> =>
	new Promise((resolve, reject) => {
		let text = "";
		child.stdout?.on("data", (bytes: Buffer) => {
			text += bytes.toString();
			const line = text.split("\n")[0];
			if (text.includes("\n") && line) resolve(JSON.parse(line));
		});
		child.once("exit", () => reject(new Error("The simulator ended before it was ready")));
	});

test("the program says one line when it is ready, obeys its switches, and ends with its parent", async () => {
	const folder = mkdtempSync(join(tmpdir(), "demo-"));
	const child = spawn(
		process.execPath,
		[fileURLToPath(new URL("main.ts", import.meta.url)), "--ports", "free", "--with-parent", "--folder", folder],
		{
			env: { ...process.env, MILLWRIGHT_SIMULATOR_TOKEN: "t" },
			stdio: ["pipe", "pipe", "inherit"],
		},
	);
	const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
	try {
		const ready = await readyLine(child);
		expect(Object.keys(ready.ports as object)).toEqual([
			"line-1-plc",
			"line-2-plc",
			"line-3-plc",
			"palletizer-9",
			"process-cell",
			"control",
		]);
		expect(ready.token).toBeUndefined();
		const ask = (path: string, body?: object) =>
			fetch(`${ready.control}${path}`, {
				headers: { authorization: "Bearer t" },
				...(body ? { method: "POST", body: JSON.stringify(body) } : {}),
			});
		expect((await ask("/network", { target: "process-cell", action: "half-open" })).status).toBe(200);
		expect((await ask("/fault", { machine: "pump-001", fault: "bearing-wear", minutes: 0 })).status).toBe(200);
		await expect
			.poll(async () =>
				((await (await ask("/state")).json()) as { truth: { event: string }[] }).truth.map((entry) => entry.event),
			)
			.toEqual(expect.arrayContaining(["onset", "failure"]));
		const { truth, targets } = (await (await ask("/state")).json()) as {
			truth: { fault: string; affects: string[] }[];
			targets: { name: string; wire: string }[];
		};
		expect(targets.find((target) => target.name === "process-cell")?.wire).toBe("half-open");
		expect(truth.find((entry) => entry.fault === "network-half-open")?.affects).toContain(
			"northworks/building-a/process-cell/pump-001/#",
		);
		child.stdin?.end();
		expect(await ended).toBe(0);
	} finally {
		if (child.exitCode === null) child.kill("SIGKILL");
		rmSync(folder, { recursive: true, force: true });
	}
}, 40_000);
