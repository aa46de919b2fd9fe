import { type Clock, MillwrightError } from "@millwright/core";

interface Count {
	failures: number;
	/** Monotonic ms: a wall clock that jumps must not shorten a wait. */
	lastAt: number;
}

const firstWait = 1000;
const longestWait = 15 * 60_000;
/** Failures are forgotten after an hour without one. */
const memory = 60 * 60_000;
const mostKeys = 20_000;

export interface Attempt {
	/** The account's failures are forgotten; the address only loses this attempt. */
	succeeded(): void;
	/** It was neither right nor wrong: something else failed. */
	withdrawn(): void;
}

export interface Attempts {
	/**
	 * Counts an attempt against the account and the address before it is checked, so that many at once do not slip
	 * through; throws `access.too-many-attempts` while one of them has to wait. Attempts refused so are not counted.
	 */
	begin(by: { account?: string; address: string }): Attempt;
	readonly size: number;
}

/** Failures per key (an account, an address); beyond `allowed` the wait doubles from 1 s to 15 min. Bounded. */
export function createAttempts({ clock, allowed }: { clock: Clock; allowed: () => number }): Attempts {
	// In order of the last failure, so that the first is the one to forget.
	const counts = new Map<string, Count>();

	const waitOf = ({ failures }: Count): number => {
		const over = failures - allowed();
		return over < 0 ? 0 : Math.min(longestWait, firstWait * 2 ** Math.min(over, 30));
	};

	function current(key: string, now: number): Count | undefined {
		const count = counts.get(key);
		if (count && now - count.lastAt >= memory) {
			counts.delete(key);
			return undefined;
		}
		return count;
	}

	function back(key: string): void {
		const count = counts.get(key);
		if (!count) return;
		count.failures--;
		if (count.failures <= 0) counts.delete(key);
	}

	return {
		begin({ account, address }) {
			const byAddress = addressKey(address);
			const byAccount = account === undefined ? undefined : `account:${account}`;
			const keys = byAccount === undefined ? [byAddress] : [byAccount, byAddress];
			const now = clock.monotonicMs();
			let left = 0;
			for (const key of keys) {
				const count = current(key, now);
				if (count) left = Math.max(left, count.lastAt + waitOf(count) - now);
			}
			if (left > 0) {
				const seconds = Math.ceil(left / 1000);
				throw new MillwrightError("access.too-many-attempts", "Too many failed attempts", {
					kind: "busy",
					hint: `Try again in ${seconds} s.`,
					data: { retryAfterSeconds: seconds },
				});
			}
			for (const key of keys) {
				const failures = (counts.get(key)?.failures ?? 0) + 1;
				counts.delete(key);
				counts.set(key, { failures, lastAt: now });
			}
			for (const oldest of counts.keys()) {
				if (counts.size <= mostKeys) break;
				counts.delete(oldest);
			}
			return {
				succeeded() {
					if (byAccount !== undefined) counts.delete(byAccount);
					back(byAddress);
				},
				withdrawn() {
					for (const key of keys) back(key);
				},
			};
		},
		get size() {
			return counts.size;
		},
	};
}

/** One key an address: IPv4 as it is (also where mapped into IPv6), IPv6 by its /64, which one household or attacker owns whole. */
export function addressKey(address: string): string {
	const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
	if (mapped) return `address:${mapped[1]}`;
	if (!address.includes(":")) return `address:${address}`;
	const [head = "", tail = ""] = (address.split("%")[0] as string).toLowerCase().split("::");
	const before = head === "" ? [] : head.split(":");
	const after = tail === "" ? [] : tail.split(":");
	const zeros = address.includes("::") ? Math.max(0, 8 - before.length - after.length) : 0;
	const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
	return `address:${groups
		.slice(0, 4)
		.map((group) => group.replace(/^0+(?=.)/, ""))
		.join(":")}::/64`;
}
