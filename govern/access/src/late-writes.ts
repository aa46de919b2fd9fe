import type { Log } from "@millwright/core";

/** Writes nobody waits for ("last seen"): logged when they begin to fail, waited for at the end. */
export interface LateWrites {
	add(what: string, write: Promise<unknown>): void;
	settle(): Promise<void>;
	/** Of a kind of write whose latest one failed: which, and why. */
	readonly failure: string | undefined;
}

export function createLateWrites({ log }: { log: Log }): LateWrites {
	const underWay = new Set<Promise<void>>();
	const failures = new Map<string, string>();
	return {
		add(what, write) {
			const settled = write
				.then(() => {
					failures.delete(what);
				})
				.catch((cause: unknown) => {
					const reason = cause instanceof Error ? cause.message : String(cause);
					if (!failures.has(what)) log.warn(`${what} cannot be written`, { reason });
					failures.set(what, reason);
				})
				.finally(() => underWay.delete(settled));
			underWay.add(settled);
		},
		async settle() {
			await Promise.all(underWay);
		},
		get failure() {
			const [first] = failures;
			return first && `${first[0]} cannot be written: ${first[1]}`;
		},
	};
}
