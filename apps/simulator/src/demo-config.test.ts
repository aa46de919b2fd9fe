import modbus from "@millwright/driver-modbus";
import opcua from "@millwright/driver-opcua";
import { SenseSettings } from "@millwright/sense/api";
import { TwinSettings } from "@millwright/twin/api";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { demoConfig } from "./demo-config.ts";
import { loadConfig } from "./load-config.ts";
import { createPlant } from "./plant.ts";
import { demoYaml } from "./write-demo-config.ts";

const drivers = { modbus, opcua } as const;

/** Every setting and address of the connections as their drivers check them. */
function checkDrivers(sense: SenseSettings): void {
	for (const [name, connection] of Object.entries(sense.connections)) {
		const driver = drivers[connection.driver as keyof typeof drivers];
		expect(driver.settings.safeParse(connection.settings).error?.message, name).toBeUndefined();
		for (const machine of connection.machines) {
			const map = sense.maps[machine.map] ?? expect.fail(machine.map);
			for (const [tag, { address }] of Object.entries(map.tags))
				expect(driver.address.safeParse(address).error?.message, `${machine.asset}/${tag}`).toBeUndefined();
		}
	}
}

test("the demo's configuration is what sense, twin and the drivers accept", () => {
	const { sense, twin } = demoConfig();
	const senseSettings = SenseSettings.parse(sense);
	TwinSettings.parse(twin);
	checkDrivers(senseSettings);
	expect(Object.keys(senseSettings.connections)).toEqual(["line-1-plc", "line-2-plc", "line-3-plc", "process-cell"]);
});

test("every tag of the plant but the palletizer's is configured once, and the twin knows it with the same unit and kind", () => {
	const { sense, twin } = demoConfig();
	const { maps, connections } = SenseSettings.parse(sense);
	const { templates, assets } = TwinSettings.parse(twin);
	const configured = Object.values(connections).flatMap((connection) =>
		connection.machines.flatMap((machine) =>
			Object.entries(maps[machine.map]?.tags ?? {}).map(([tag, settings]) => ({
				name: `${machine.asset}/${tag}`,
				asset: machine.asset,
				tag,
				settings,
			})),
		),
	);
	const plant = createPlant();
	const real = plant.machines
		.filter((each) => each.kind !== "palletizer")
		.flatMap((each) => each.sensors.map((sensor) => `${each.path}/${sensor.name}`));
	expect(configured.map(({ name }) => name).sort()).toEqual(real.sort());
	for (const { name, asset, tag, settings } of configured) {
		const known = templates[assets[asset]?.template ?? ""]?.tags[tag] ?? expect.fail(name);
		expect({ unit: known.unit, kind: known.kind }, name).toEqual({ unit: settings.unit, kind: settings.kind });
	}
});

test("what is written to a machine is marked writable and exists as its set point", () => {
	const { sense } = demoConfig();
	const { maps, connections } = SenseSettings.parse(sense);
	const plant = createPlant();
	for (const connection of Object.values(connections))
		for (const { asset, map } of connection.machines) {
			const machine = plant.machines.find((each) => each.path === asset) ?? expect.fail(asset);
			const writable = Object.entries(maps[map]?.tags ?? {}).filter(([, tag]) => tag.writable);
			expect(writable.map(([name]) => name).sort()).toEqual([...machine.setPoints.keys()].sort());
		}
});

test("a healthy plant stays within the static limits it is given", () => {
	const { twin } = demoConfig();
	const { templates, assets } = TwinSettings.parse(twin);
	const plant = createPlant({ crewAfterMinutes: false });
	// Before anything has worn out: two hours, each second.
	const beyond = new Map<string, number>();
	for (let second = 0; second < 7200; second++) {
		plant.advance(1);
		for (const machine of plant.machines) {
			const tags = templates[assets[machine.path]?.template ?? ""]?.tags;
			if (!tags || machine.parts.some((part) => part.effect > 0.1)) continue;
			for (const sensor of machine.sensors) {
				const limits = tags[sensor.name]?.limits;
				if (!limits) continue;
				const out =
					sensor.value > (limits.high ?? Number.POSITIVE_INFINITY) || sensor.value < (limits.low ?? Number.NEGATIVE_INFINITY);
				const key = `${machine.name}/${sensor.name}`;
				const lasted = out ? (beyond.get(key) ?? 0) + 1 : 0;
				beyond.set(key, lasted);
				expect(lasted * 1000, `${key} ${sensor.value}`).toBeLessThanOrEqual(limits.onDelayMs);
			}
		}
	}
});

test("the load plant's configuration names every counter", () => {
	const { sense, twin } = loadConfig();
	const settings = SenseSettings.parse(sense);
	TwinSettings.parse(twin);
	checkDrivers(settings);
	const tags = Object.values(settings.connections).flatMap((connection) =>
		connection.machines.flatMap((machine) => Object.keys(settings.maps[machine.map]?.tags ?? {})),
	);
	expect(tags).toHaveLength(500);
	for (const [name, connection] of Object.entries(settings.connections))
		expect(connection.every, name).toBe(name === "load-opcua" ? 50 : 100);
});

test("the YAML says the same as the object", () => {
	expect(parse(demoYaml())).toEqual(JSON.parse(JSON.stringify(demoConfig())));
	expect(demoYaml()).toContain("# One a controller.");
});
