import { type Clock, type Log, MillwrightError } from "@millwright/core";
import type { Request, Response } from "@millwright/driver-modbus/server";
import type { Controlled } from "./control.ts";
import { loadPorts, type Ports } from "./ports.ts";
import { openModbusTarget } from "./servers/modbus-target.ts";
import type { Target } from "./servers/network.ts";
import { type OpcUaTarget, openOpcUaTarget } from "./servers/opcua-target.ts";

export interface LoadShape {
	modbusConnections: number;
	registersPerConnection: number;
	opcuaTags: number;
	/** Hz of the OPC UA values. */
	rate: number;
	/**
	 * What a Modbus value counts. `reads`: how often this register has been answered, so that the stored values of a tag
	 * must be 1, 2, 3 … without a gap however the poll falls; `time`: the tick, as in OPC UA.
	 */
	counting: "reads" | "time";
}

export const usualLoad: LoadShape = {
	modbusConnections: 5,
	registersPerConnection: 80,
	opcuaTags: 100,
	rate: 10,
	counting: "reads",
};

export const loadNamespace = "urn:northworks:load";

export interface LoadSimulator extends Controlled {
	readonly targets: readonly Target[];
	readonly ports: Ports;
	/** Ticks of OPC UA made so far: every tag of it has had the values 1 … ticks. */
	readonly ticks: number;
	/** By connection name: how often each register has been answered, in order of the registers. */
	answered(): Record<string, number[]>;
	close(): Promise<void>;
}

const illegalFunction = 1;
const illegalAddress = 2;

/** A unit of uint32 counters in holding registers 0, 2, 4 …; made to cost little. */
function createCounters(length: number, ticks: () => number, counting: LoadShape["counting"]) {
	const reads = new Uint32Array(length);
	const answer = (request: Request): Response => {
		if (request.code !== 3) return { code: request.code, exception: illegalFunction };
		const { start, quantity } = request;
		if (start + quantity > length * 2) return { code: 3, exception: illegalAddress };
		const data = new Uint8Array(quantity * 2);
		for (let word = 0; word < quantity; word++) {
			const index = (start + word) >> 1;
			const isHigh = (start + word) % 2 === 0;
			if (isHigh) reads[index] = (reads[index] as number) + 1;
			const value = counting === "time" ? ticks() : (reads[index] as number);
			const half = isHigh ? value >>> 16 : value & 0xffff;
			data[word * 2] = half >> 8;
			data[word * 2 + 1] = half & 0xff;
		}
		return { code: 3, data };
	};
	return { reads, answer };
}

/** Sensors that only count, to prove that what was sent is what is stored. */
export async function openLoad(options: {
	shape: LoadShape;
	folder: string;
	clock: Clock;
	log: Log;
	ports?: Ports;
}): Promise<LoadSimulator> {
	const { shape, clock, log } = options;
	const ports = options.ports ?? loadPorts(shape.modbusConnections);
	let ticks = 0;
	const targets: Target[] = [];
	const counters = new Map<string, ReturnType<typeof createCounters>>();
	let opcua: OpcUaTarget | undefined;
	try {
		for (let i = 1; i <= shape.modbusConnections; i++) {
			const name = `load-${i}`;
			const unit = createCounters(shape.registersPerConnection, () => ticks, shape.counting);
			counters.set(name, unit);
			targets.push(await openModbusTarget({ name, port: ports[name] ?? 0, units: new Map([[1, unit.answer]]), clock }));
		}
		if (shape.opcuaTags > 0) {
			opcua = await openOpcUaTarget({
				name: "load-opcua",
				namespace: loadNamespace,
				nodes: Array.from({ length: shape.opcuaTags }, (_, i) => ({
					id: `Load.Counter${i + 1}`,
					type: "number" as const,
					first: 0,
				})),
				folder: options.folder,
				port: ports["load-opcua"] ?? 0,
				clock,
				log,
				now: () => new Date(clock.nowMs()),
			});
			targets.push(opcua);
		}
	} catch (error) {
		await Promise.all(targets.map((target) => target.close()));
		throw error;
	}
	const periodMs = 1000 / shape.rate;
	let due = clock.monotonicMs() + periodMs;
	let closed = false;
	const tick = (): void => {
		if (closed) return;
		ticks++;
		if (opcua) {
			const time = new Date(clock.nowMs());
			for (let i = 0; i < shape.opcuaTags; i++) opcua.set(i, ticks, time);
		}
		// Late ticks are made up for, but never closer than three quarters of a period, so that a client that samples twice a period sees every one.
		const now = clock.monotonicMs();
		due = Math.max(due + periodMs, now + 0.75 * periodMs);
		clock.after(due - now, tick);
	};
	clock.after(periodMs, tick);
	const answered = (): Record<string, number[]> =>
		Object.fromEntries([...counters].map(([name, { reads }]) => [name, [...reads]]));
	const notHere = (): never => {
		throw new MillwrightError("simulator.not-in-load", "The load plant has no physics", {
			kind: "input",
			hint: "It knows GET /state and POST /network.",
		});
	};
	return {
		targets,
		get ports() {
			return Object.fromEntries(targets.map((target) => [target.name, target.port]));
		},
		get ticks() {
			return ticks;
		},
		answered,
		state: () => ({
			plant: "load",
			...shape,
			ticks,
			answered: answered(),
			targets: targets.map(({ name, protocol, port, wire }) => ({ name, protocol, port, wire })),
		}),
		fault: notHere,
		repair: notHere,
		speed: notHere,
		async network(order) {
			const target = targets.find((each) => each.name === order.target);
			if (!target)
				throw new MillwrightError("simulator.target-unknown", `There is no target "${order.target}"`, {
					kind: "missing",
					hint: `There are ${targets.map((each) => each.name).join(", ")}.`,
				});
			await target.act(order);
			return { target: target.name, wire: target.wire };
		},
		async close() {
			closed = true;
			await Promise.all(targets.map((target) => target.close()));
		},
	};
}
