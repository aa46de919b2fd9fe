import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FaultOrder } from "./faults.ts";
import { type Machine, sensorOf } from "./physics/machine.ts";
import type { Oven } from "./physics/oven.ts";
import type { Pump } from "./physics/pump.ts";
import type { Reactor } from "./physics/reactor.ts";
import { createPlant, type Plant } from "./plant.ts";

const machine = (plant: Plant, name: string): Machine => plant.machines.find((each) => each.name === name) as Machine;
const value = (plant: Plant, name: string, tag: string): number => sensorOf(machine(plant, name), tag).value;
const run = (plant: Plant, minutes: number): void => {
	for (let i = 0; i < minutes * 6; i++) plant.advance(10);
};
const order = (rest: Partial<FaultOrder> & Pick<FaultOrder, "machine" | "fault">): FaultOrder => ({
	severity: 1,
	minutes: 10,
	after: 0,
	...rest,
});
const image = (plant: Plant) => plant.machines.flatMap((each) => each.sensors.map((sensor) => sensor.text ?? sensor.value));
/** Mean of readings over a minute. */
const mean = (plant: Plant, name: string, tag: string): number => {
	let sum = 0;
	for (let i = 0; i < 60; i++) {
		plant.advance(1);
		sum += value(plant, name, tag);
	}
	return sum / 60;
};

test("the plant has about a hundred and fifty tags with names of their own", () => {
	const plant = createPlant();
	const names = plant.machines.flatMap((each) => each.sensors.map((sensor) => `${each.path}/${sensor.name}`));
	expect(new Set(names).size).toBe(names.length);
	expect(names.length).toBeGreaterThan(140);
	expect(names.length).toBeLessThan(170);
	for (const one of image(plant)) expect(typeof one === "string" || Number.isFinite(one)).toBe(true);
});

test("equal seeds make equal plants, and another seed another one", () => {
	const [a, b, c] = [createPlant({ seed: 4 }), createPlant({ seed: 4 }), createPlant({ seed: 5 })];
	for (const plant of [a, b, c]) {
		plant.faults.inject(order({ machine: "pump-001", fault: "cavitation" }));
		run(plant, 15);
	}
	expect(image(a)).toEqual(image(b));
	expect(a.truth.entries).toEqual(b.truth.entries);
	expect(image(a)).not.toEqual(image(c));
});

test("three days on a hurried clock stays within what is possible, and things wear, fail and are repaired by themselves", () => {
	const plant = createPlant();
	for (let i = 0; i < 3 * 24 * 60; i++) {
		plant.advance(60);
		for (const each of plant.machines)
			for (const sensor of each.sensors) {
				const { range } = sensor.spec;
				if (sensor.text === undefined && !Number.isFinite(sensor.value)) throw new Error(`${each.name}/${sensor.name}`);
				if (range && (sensor.value < range[0] || sensor.value > range[1]))
					throw new Error(`${each.name}/${sensor.name} ${sensor.value}`);
			}
	}
	for (const event of ["onset", "development", "failure", "repaired"])
		expect(plant.truth.entries.some((entry) => entry.event === event && entry.cause === "wear")).toBe(true);
	for (const buffer of plant.works.buffers) expect(buffer.count).toBeLessThanOrEqual(buffer.capacity);
}, 60_000);

test("counters never fall and parts are not made of nothing", () => {
	const plant = createPlant();
	const before = { good: value(plant, "cnc-1", "good-count"), items: value(plant, "conveyor-1", "item-count") };
	let last = before.items;
	for (let i = 0; i < 600; i++) {
		plant.advance(10);
		expect(value(plant, "conveyor-1", "item-count")).toBeGreaterThanOrEqual(last);
		last = value(plant, "conveyor-1", "item-count");
	}
	const made = value(plant, "cnc-1", "good-count") - before.good;
	expect(made).toBeGreaterThan(80);
	// Two buffers and one part in the gripper may hold the difference.
	expect(Math.abs(made - (last - before.items))).toBeLessThan(16);
});

test("the energy meter adds up what its machines draw", () => {
	const plant = createPlant();
	const from = value(plant, "energy-2", "energy");
	let drawn = 0;
	for (let i = 0; i < 3600; i++) {
		plant.advance(1);
		drawn += value(plant, "energy-2", "active-power") / 3600;
	}
	expect(value(plant, "energy-2", "energy") - from).toBeCloseTo(drawn, 0);
	expect(drawn).toBeGreaterThan(3);
});

test("heat flows from warm to cold: the batch follows its jacket and the oven zone its heater", () => {
	const plant = createPlant();
	const reactor = machine(plant, "reactor-7") as Reactor;
	for (let i = 0; i < 4 * 3600; i++) {
		const { jacket, temperature, phase } = reactor.state;
		plant.works.step(1);
		if (Math.abs(jacket - temperature) > 3)
			expect(Math.sign(reactor.state.heat)).toBe(Math.sign(reactor.state.jacket - reactor.state.temperature));
		if (phase === 4 && jacket < temperature - 5) expect(reactor.state.temperature).toBeLessThan(temperature);
	}
	const oven = machine(plant, "curing-oven-7") as Oven;
	oven.setPoints.get("zone-2-setpoint")?.(185);
	run(plant, 60);
	expect(value(plant, "curing-oven-7", "zone-2-temperature")).toBeCloseTo(185, -0.5);
	oven.setPoints.get("zone-2-setpoint")?.(9_999);
	expect(oven.state.setPoint[1]).toBe(220);
});

test("the reactor holds near its set point and runs batch after batch", () => {
	const plant = createPlant();
	run(plant, 5);
	expect(Math.abs(value(plant, "reactor-7", "temperature") - 87.5)).toBeLessThan(1);
	const batch = value(plant, "reactor-7", "batch");
	run(plant, 6 * 60);
	expect(value(plant, "reactor-7", "batch")).toBeGreaterThan(batch + 2);
});

test("a falling inlet pressure cavitates the pump: vibration up, flow and head down, and the truth says so", () => {
	const plant = createPlant({ crewAfterMinutes: false });
	const pump = machine(plant, "pump-001") as Pump;
	run(plant, 2);
	const sound = { ...pump.state };
	expect(sound.npshMargin).toBeGreaterThan(2);
	plant.faults.inject(order({ machine: "pump-001", fault: "cavitation", minutes: 10 }));
	run(plant, 15);
	expect(pump.state.inlet).toBeLessThan(sound.inlet - 0.6);
	expect(pump.state.npshMargin).toBeLessThan(1);
	expect(mean(plant, "pump-001", "vibration")).toBeGreaterThan(sound.vibration + 2);
	expect(pump.state.flow).toBeLessThan(sound.flow * 0.85);
	expect(value(plant, "pump-001", "outlet-pressure") - value(plant, "pump-001", "inlet-pressure")).toBeLessThan(
		(sound.outlet - sound.inlet) * 0.8,
	);
	const told = plant.truth.entries.filter((entry) => entry.machine === "pump-001" && entry.fault === "cavitation");
	expect(told.map((entry) => entry.event)).toEqual(["onset", "development", "development", "development", "failure"]);
	expect(told[0]?.cause).toBe("injected");
	expect(told[0]?.affects).toContain("northworks/building-a/process-cell/pump-001/inlet-pressure");
	expect(plant.faults.repair({ machine: "pump-001" })).toBeGreaterThan(0);
	run(plant, 2);
	expect(pump.state.flow).toBeCloseTo(sound.flow, 0);
	expect(plant.truth.entries.at(-1)?.event).toBe("repaired");
});

test("long cavitation eats the impeller", () => {
	const plant = createPlant({ crewAfterMinutes: false });
	const impeller = machine(plant, "pump-001").parts.find((part) => part.name === "impeller");
	const before = impeller?.wear ?? 0;
	plant.faults.inject(order({ machine: "pump-001", fault: "cavitation", minutes: 1 }));
	run(plant, 24 * 60);
	expect((impeller?.wear ?? 0) - before).toBeGreaterThan(0.2);
});

test("a worn bearing shakes and warms the pump, and at its end stops it until it is repaired", () => {
	const plant = createPlant({ crewAfterMinutes: false });
	const before = mean(plant, "pump-002", "vibration");
	plant.faults.inject(order({ machine: "pump-002", fault: "bearing-wear", severity: 0.6, minutes: 20 }));
	run(plant, 60);
	expect(mean(plant, "pump-002", "vibration")).toBeGreaterThan(before + 2);
	expect(value(plant, "pump-002", "bearing-temperature")).toBeGreaterThan(60);
	plant.faults.inject(order({ machine: "pump-002", fault: "bearing-wear", minutes: 5 }));
	run(plant, 10);
	expect(value(plant, "pump-002", "state")).toBe(9);
	expect(value(plant, "pump-002", "flow-rate")).toBeLessThan(0.5);
	plant.faults.repair({ machine: "pump-002" });
	run(plant, 2);
	expect(value(plant, "pump-002", "state")).toBe(6);
	expect(value(plant, "pump-002", "flow-rate")).toBeGreaterThan(30);
});

test("a blunt tool raises load, vibration, cycle time and scrap, then breaks and starves the robot; the crew comes", () => {
	const plant = createPlant();
	plant.faults.inject(order({ machine: "cnc-1", fault: "tool-wear", severity: 0.8, minutes: 1 }));
	const scrap = value(plant, "cnc-1", "scrap-count");
	run(plant, 60);
	expect(value(plant, "cnc-1", "scrap-count") - scrap).toBeGreaterThan(4);
	plant.faults.inject(order({ machine: "cnc-1", fault: "tool-wear", minutes: 1 }));
	run(plant, 10);
	expect(value(plant, "cnc-1", "state")).toBe(9);
	expect(value(plant, "robot-1", "state")).toBe(4);
	run(plant, 30);
	expect(value(plant, "cnc-1", "state")).not.toBe(9);
});

test("a torn belt blocks the machines before it", () => {
	const plant = createPlant({ crewAfterMinutes: false });
	plant.faults.inject(order({ machine: "conveyor-2", fault: "belt-wear", minutes: 0 }));
	run(plant, 45);
	expect(value(plant, "conveyor-2", "speed")).toBeLessThan(0.01);
	expect(value(plant, "robot-2", "state")).toBe(5);
	expect(value(plant, "cnc-2", "state")).toBe(5);
});

test("fouling changes what it should in each machine that can foul", () => {
	const plant = createPlant({ crewAfterMinutes: false });
	const watched = [
		["cnc-3", "coolant-pressure", -1],
		["curing-oven-7", "humidity", 1],
		["clean-room", "differential-pressure", -1],
		["clean-room", "filter-pressure-drop", 1],
		["pump-001", "inlet-pressure", -1],
	] as const;
	const before = watched.map(([name, tag]) => mean(plant, name, tag));
	for (const name of new Set(watched.map(([each]) => each)))
		plant.faults.inject(order({ machine: name, fault: "fouling", minutes: 10 }));
	run(plant, 40);
	for (const [i, [name, tag, direction]] of watched.entries())
		expect((mean(plant, name, tag) - (before[i] as number)) * direction, `${name}/${tag}`).toBeGreaterThan(0.1);
});

test("faults of sensors and clocks tell lies that the truth log knows", () => {
	const plant = createPlant();
	plant.faults.inject(order({ machine: "reactor-7", fault: "stuck-sensor" }));
	plant.faults.inject(order({ machine: "process-cell", fault: "clock-skew", severity: -0.5 }));
	const stuck = value(plant, "reactor-7", "temperature");
	run(plant, 60);
	expect(value(plant, "reactor-7", "temperature")).toBe(stuck);
	expect(plant.faults.clockSkewMs).toBe(-150_000);
	expect(plant.faults.active().map((fault) => [fault.machine, fault.fault, fault.tag])).toEqual(
		expect.arrayContaining([
			["reactor-7", "stuck-sensor", "temperature"],
			["process-cell", "clock-skew", undefined],
		]),
	);
	plant.faults.repair({});
	expect(plant.faults.clockSkewMs).toBe(0);
	run(plant, 1);
	expect(value(plant, "reactor-7", "temperature")).not.toBe(stuck);
	expect(plant.truth.entries.filter((entry) => entry.event === "cleared")).toHaveLength(2);
});

test("a scheduled fault begins when its time has come", () => {
	const plant = createPlant();
	plant.faults.inject(order({ machine: "reactor-7", fault: "drift", after: 30 }));
	run(plant, 29);
	expect(plant.faults.active().some((fault) => fault.fault === "drift")).toBe(false);
	run(plant, 2);
	expect(plant.faults.active().some((fault) => fault.fault === "drift")).toBe(true);
});

test("impossible orders are refused with what is possible", () => {
	const plant = createPlant();
	expect(() => plant.faults.inject(order({ machine: "cnc-9", fault: "drift" }))).toThrow(/no machine/);
	expect(() => plant.faults.inject(order({ machine: "energy-1", fault: "cavitation" }))).toThrow(/cannot suffer/);
	expect(() => plant.faults.inject(order({ machine: "cnc-1", fault: "drift", tag: "mood" }))).toThrow(/no tag/);
	expect(() => plant.faults.repair({ machine: "nobody" })).toThrow(/no machine/);
});

test("the truth is also written as lines of JSON", () => {
	const folder = mkdtempSync(join(tmpdir(), "truth-"));
	try {
		const file = join(folder, "truth.jsonl");
		const plant = createPlant({ truthFile: file, wallMs: () => 1_700_000_000_000 });
		plant.faults.inject(order({ machine: "cnc-2", fault: "tool-wear", minutes: 0 }));
		run(plant, 1);
		const lines = readFileSync(file, "utf8")
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line));
		expect(lines).toEqual(plant.truth.entries);
		expect(lines.find((line) => line.event === "failure")).toMatchObject({
			machine: "cnc-2",
			fault: "tool-wear",
			wallMs: 1_700_000_000_000,
		});
	} finally {
		rmSync(folder, { recursive: true });
	}
});
