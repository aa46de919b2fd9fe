import { type SampleBatch, SampleBatchBuilder } from "../../base/core/src/index.ts";

/**
 * Fifty machines of ten tags, each read once a minute by one request, as the demo plant's are: two registers in 0.1 steps,
 * one in 0.01, one in 0.001, a float32 temperature and a float32 vibration, a counter, a running bit, a state, a setpoint.
 * A reading's time is when its answer came: a minute's tick, the machine's turn, and up to 3 ms of the line, to the ns.
 */
export const tagCount = 500;
const perMachine = 10;
export const minute = 60_000_000_000n;
export const day = 1440n * minute;
/** 2026-01-01 00:00:00 UTC. */
export const begin = 1_767_225_600n * 1_000_000_000n;

export interface Plant {
	/** Some minutes of all tags, minute after minute. */
	next(minutes: number): SampleBatch;
}

/** Marsaglia's xorshift32: the same plant each time. */
function createRandom(seed: number): () => number {
	let state = seed;
	return () => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) / 4_294_967_296;
	};
}

export function createPlant(): Plant {
	const random = createRandom(0x9e3779b9);
	/** Near enough to normal, spread 1. */
	const noise = () => (random() + random() + random() + random() - 2) * 1.732;
	const machines = Array.from({ length: tagCount / perMachine }, (_, i) => ({
		phase: BigInt(i) * 7_000_000n,
		level: 40 + i,
		drift: 0,
		counter: i * 1000,
		running: 1,
		setpoint: 60,
	}));
	const builder = new SampleBatchBuilder(tagCount * 20);
	let at = 0;
	let first = 0;
	return {
		next(minutes) {
			for (const until = at + minutes; at < until; at++)
				for (const [i, machine] of machines.entries()) {
					const time = begin + BigInt(at) * minute + machine.phase + BigInt(Math.floor(random() * 3_000_000));
					if (random() < 0.004) machine.running = 1 - machine.running;
					if (random() < 0.0007) machine.setpoint = 50 + Math.floor(random() * 5) * 5;
					machine.drift = machine.drift * 0.98 + noise() * 0.15;
					const heat = machine.level + machine.drift + machine.running * 4;
					if (machine.running) machine.counter += 18 + Math.floor(random() * 5);
					const values = [
						Math.round(heat * 10 + noise()) * 0.1,
						Math.round(heat * 22 + noise() * 3) * 0.1,
						Math.round((4 + machine.drift * 0.2 + noise() * 0.02) * 100) * 0.01,
						Math.round((machine.running * 7.5 + noise() * 0.02) * 1000) * 0.001,
						Math.fround(heat + noise() * 0.05),
						Math.fround(Math.abs(1.2 + machine.running + noise() * 0.1)),
						machine.counter,
						machine.running,
						machine.running ? 6 : 4,
						machine.setpoint,
					];
					for (const [k, value] of values.entries()) builder.add(i * perMachine + k + 1, time, value, 0);
				}
			const batch = builder.take({ connection: "plant", first });
			first = batch.last + 1;
			return batch;
		},
	};
}
