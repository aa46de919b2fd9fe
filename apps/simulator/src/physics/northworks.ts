import { type Buffer, createBuffer } from "./buffer.ts";
import { createCleanRoom } from "./clean-room.ts";
import { createCnc } from "./cnc.ts";
import { createConveyor } from "./conveyor.ts";
import type { Machine } from "./machine.ts";
import { createMeter, type Meter } from "./meter.ts";
import { createOven } from "./oven.ts";
import { createPalletizer } from "./palletizer.ts";
import { createPump } from "./pump.ts";
import type { Random } from "./random.ts";
import { createReactor, type Reactor } from "./reactor.ts";
import { createRobot } from "./robot.ts";

/** Where everything is: the enterprise northworks, its building-a. */
export const building = "northworks/building-a";

/** What each line makes, and how fast. */
export const lines = [
	{ number: 1, cycle: 42, roughing: 6200, finishing: 8400, toolHours: 5, robot: 17, belt: 0.32 },
	{ number: 2, cycle: 55, roughing: 4800, finishing: 7200, toolHours: 7, robot: 21, belt: 0.28 },
	{ number: 3, cycle: 31, roughing: 7000, finishing: 9000, toolHours: 4, robot: 13, belt: 0.4 },
] as const;

export interface Northworks {
	/** By line number. */
	lines: readonly { number: number; machines: readonly Machine[] }[];
	processCell: readonly Machine[];
	palletizer: Machine;
	all: readonly Machine[];
	/** Advances everything by at most a second of plant time, upstream first. */
	step(seconds: number): void;
	/** Parts waiting between the machines of each line. */
	buffers: readonly Buffer[];
}

/** The whole plant with its couplings: parts flow along the lines, pumps feed the reactor's jacket and the clean room's chiller. */
export function createNorthworks(random: Random): Northworks {
	let seconds = 0;
	/** Cooler at night; °C. The story begins at eight in the morning. */
	const ambient = (): number => 22 + 2.2 * Math.sin(((seconds / 3600 + 8 - 10) / 24) * 2 * Math.PI);
	const buffers: Buffer[] = [];
	const made = lines.map((line) => {
		const path = `${building}/line-${line.number}`;
		const machined = createBuffer(6, 2);
		const handed = createBuffer(8, 1);
		buffers.push(machined, handed);
		let meter: Meter | undefined;
		const cnc = createCnc({
			name: `cnc-${line.number}`,
			path: `${path}/cnc-${line.number}`,
			program: line,
			output: machined,
			ambient,
			random,
		});
		const robot = createRobot({
			name: `robot-${line.number}`,
			path: `${path}/robot-${line.number}`,
			cycle: line.robot,
			input: machined,
			output: handed,
			air: () => meter?.air() ?? 6.7,
			ambient,
			random,
		});
		const conveyor = createConveyor({
			name: `conveyor-${line.number}`,
			path: `${path}/conveyor-${line.number}`,
			speed: line.belt,
			pitch: 1.2,
			input: handed,
			ambient,
			random,
		});
		meter = createMeter({
			name: `energy-${line.number}`,
			path: `${path}/energy-${line.number}`,
			consumers: [cnc.power, robot.power, conveyor.power],
			random,
		});
		return { number: line.number, machines: [cnc, robot, conveyor, meter] };
	});

	const cell = `${building}/process-cell`;
	let reactor: Reactor | undefined;
	const tempering = createPump({
		name: "pump-001",
		path: `${cell}/pump-001`,
		loop: {
			// Return from the jacket, mixed in the tempering tank.
			temperature: () => 62.3 + 0.045 * ((reactor?.state.jacket ?? 88) - 88),
			tankPressure: 1.28,
			system: { staticHead: 4, friction: 0.01432 },
			speedReference: 2900,
			runningHours: 23_456,
			ambient,
		},
		random,
	});
	const chilled = createPump({
		name: "pump-002",
		path: `${cell}/pump-002`,
		loop: {
			temperature: () => 9.5 + 0.12 * (ambient() - 22),
			tankPressure: 1.6,
			system: { staticHead: 6, friction: 0.0125 },
			speedReference: 2600,
			runningHours: 11_820,
			ambient,
		},
		random,
	});
	reactor = createReactor({
		name: "reactor-7",
		path: `${cell}/reactor-7`,
		jacketFlow: () => tempering.state.flow,
		ambient,
		random,
	});
	const oven = createOven({ name: "curing-oven-7", path: `${cell}/curing-oven-7`, ambient, random });
	const room = createCleanRoom({
		name: "clean-room",
		path: `${cell}/clean-room`,
		chilledFlow: () => chilled.state.flow,
		hours: () => seconds / 3600,
		random,
	});
	const processCell = [reactor, oven, tempering, chilled, room];
	const palletizer = createPalletizer({ name: "palletizer-9", path: `${building}/line-3/palletizer-9`, ambient, random });
	const all = [...made.flatMap((line) => line.machines), ...processCell, palletizer];
	return {
		lines: made,
		processCell,
		palletizer,
		all,
		buffers,
		step(dt) {
			seconds += dt;
			for (const machine of all) machine.step(dt);
		},
	};
}
