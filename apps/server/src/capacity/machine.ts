import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";

/** What this process may use of the machine: a container's share where it is in one. */
export interface Machine {
	cores(): number;
	/** Bytes. */
	memory(): { limit: number; available: number };
	/** Ms of processor time of all cores since the machine started. */
	processors(): { busy: number; total: number };
	/** Ms of processor time of this process since it started, µs precision. */
	ownProcessorMs(): number;
	residentBytes(): number;
}

/** Cores a container is given, from the kernel's own file: "150000 100000" is one and a half. Source: cgroup-v2, cpu.max. */
export function quotaOf(text: string): number | undefined {
	const [quota, period] = text.trim().split(/\s+/).map(Number);
	return quota && period && Number.isFinite(quota / period) && quota > 0 ? quota / period : undefined;
}

export function thisMachine(): Machine {
	return {
		cores() {
			let quota: number | undefined;
			try {
				quota = quotaOf(readFileSync("/sys/fs/cgroup/cpu.max", "utf8"));
			} catch {
				// No such limit here.
			}
			return Math.min(availableParallelism(), quota ?? Number.POSITIVE_INFINITY);
		},
		memory() {
			const constrained = process.constrainedMemory();
			const limit = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
			return { limit, available: Math.min(process.availableMemory(), limit) };
		},
		processors() {
			let busy = 0;
			let total = 0;
			for (const { times } of cpus()) {
				const all = times.user + times.nice + times.sys + times.idle + times.irq;
				total += all;
				busy += all - times.idle;
			}
			return { busy, total };
		},
		ownProcessorMs() {
			const { user, system } = process.cpuUsage();
			return (user + system) / 1000;
		},
		residentBytes: () => process.memoryUsage.rss(),
	};
}
