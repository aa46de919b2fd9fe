import type { Bus, EventContract, Log } from "@millwright/core";

interface Listener {
	owner: string;
	hear: (message: unknown) => void;
}

/** Events and channels within a process: synchronous, in order of subscription, one listener's failure is its own. */
export function createBus({ log }: { log: Log }): Bus {
	const byName = new Map<string, Listener[]>();
	const toAll: { owner: string; hear: (contract: EventContract, data: unknown) => void }[] = [];

	const add = (name: string, listener: Listener): (() => void) => {
		// Replaced, not changed, so that a listener that leaves while a message is on its way disturbs nobody.
		byName.set(name, [...(byName.get(name) ?? []), listener]);
		return () => {
			byName.set(
				name,
				(byName.get(name) ?? []).filter((other) => other !== listener),
			);
		};
	};
	const failed = (owner: string, about: string, cause: unknown) =>
		log.error("A listener failed", {
			owner,
			about,
			error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
		});
	const deliver = (name: string, message: unknown) => {
		for (const { owner, hear } of byName.get(name) ?? []) {
			try {
				hear(message);
			} catch (cause) {
				failed(owner, name, cause);
			}
		}
	};

	return {
		emit(contract, data) {
			deliver(contract.name, data);
			for (const { owner, hear } of toAll.slice()) {
				try {
					hear(contract, data);
				} catch (cause) {
					failed(owner, contract.name, cause);
				}
			}
		},
		on: (contract, owner, listener) => add(contract.name, { owner, hear: listener as (message: unknown) => void }),
		onAny(owner, listener) {
			const entry = { owner, hear: listener };
			toAll.push(entry);
			return () => {
				const at = toAll.indexOf(entry);
				if (at >= 0) toAll.splice(at, 1);
			};
		},
		send: (to, message) => deliver(to.name, message),
		receive: (from, owner, listener) => add(from.name, { owner, hear: listener as (message: unknown) => void }),
	};
}
