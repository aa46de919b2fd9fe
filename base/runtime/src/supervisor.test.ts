import { createFakeClock } from "@millwright/testkit";
import { expect, test } from "vitest";
import { silentLog } from "./log.ts";
import { createSupervisor } from "./supervisor.ts";

test("parts start in order and stop in reverse", async () => {
	const told: string[] = [];
	const part = (name: string) => ({
		name,
		start: async () => void told.push(`+${name}`),
		stop: async () => void told.push(`-${name}`),
	});
	const supervisor = createSupervisor({
		parts: [{ part: part("a") }, { part: part("b") }],
		log: silentLog,
		clock: createFakeClock(),
	});
	await supervisor.start();
	await supervisor.stop();
	expect(told).toEqual(["+a", "+b", "-b", "-a"]);
});

test("a part that cannot start is tried again until it can, and health says why meanwhile", async () => {
	const clock = createFakeClock();
	let portTaken = true;
	const part = {
		name: "mqtt",
		async start() {
			if (portTaken) throw new Error("port 1883 is taken");
		},
		async stop() {},
	};
	const supervisor = createSupervisor({ parts: [{ part }], log: silentLog, clock });
	await supervisor.start();
	expect(supervisor.health()).toEqual([{ part: "mqtt", state: "failing", reason: "port 1883 is taken" }]);
	portTaken = false;
	await clock.advance(60_000);
	expect(supervisor.health()).toEqual([{ part: "mqtt", state: "good" }]);
	await supervisor.stop();
});

test("an essential part that fails stops what has started and tells", async () => {
	const told: string[] = [];
	const supervisor = createSupervisor({
		parts: [
			{ part: { name: "a", start: async () => {}, stop: async () => void told.push("-a") } },
			{ essential: true, part: { name: "b", start: () => Promise.reject(new Error("no disk")), stop: async () => {} } },
		],
		log: silentLog,
		clock: createFakeClock(),
	});
	await expect(supervisor.start()).rejects.toThrow("no disk");
	expect(told).toEqual(["-a"]);
});

test("a part that hangs while stopping does not hold the others", async () => {
	const clock = createFakeClock();
	const told: string[] = [];
	const supervisor = createSupervisor({
		parts: [
			{ part: { name: "a", start: async () => {}, stop: async () => void told.push("-a") } },
			{ part: { name: "stuck", start: async () => {}, stop: () => new Promise(() => {}) } },
		],
		log: silentLog,
		clock,
	});
	await supervisor.start();
	const stopped = supervisor.stop();
	await clock.advance(10_001);
	await stopped;
	expect(told).toEqual(["-a"]);
});
