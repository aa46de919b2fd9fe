import type { Timer } from "@millwright/core";
import type { BrokerLimits } from "./limits.ts";

/** How often it is measured whether a subscriber still reads: a hundredth of its queue in this time is worth waiting for. */
const paceMs = 50;
/** Reading nothing for so long while its queue fills is being frozen; a busy program may well do nothing for half a second. */
const frozenMs = 1000;

export interface PatienceTools {
	limits: BrokerLimits;
	nowMs(): number;
	after(ms: number, run: () => void): Timer;
	/** Messages acknowledged and bytes taken so far. */
	progress(): { acknowledged: number; taken: number };
}

/** Publishers that wait for one subscriber: while it reads well, and not much longer when it does not. */
export class Patience {
	readonly #tools: PatienceTools;
	/** Publishers held until the subscriber has caught up. */
	readonly #held = new Map<() => void, number>();
	#timer: Timer | undefined;
	/** It does not read at a pace worth waiting for; nobody waits for it until it has caught up. */
	#stalled = false;
	/** Monotonic ms of the last proof that it reads. */
	#progressAt = 0;

	constructor(tools: PatienceTools) {
		this.#tools = tools;
	}

	get isTried(): boolean {
		return this.#stalled || this.#held.size > 0;
	}

	/** The client has read something, or everything is read and more begins. */
	progressed(): void {
		this.#progressAt = this.#tools.nowMs();
	}

	/** Whose queue filled up in a moment may empty it in another; who has read nothing meanwhile is frozen. */
	get isWorthWaiting(): boolean {
		return !this.#stalled && this.#tools.nowMs() - this.#progressAt < frozenMs;
	}

	/** Keeps a publisher waiting while the subscriber reads well, and `patienceMs` when it does not. */
	hold(goOn: () => void, patienceMs: number): void {
		this.#held.set(goOn, patienceMs);
		if (this.#timer === undefined) this.#watch(0);
	}

	#watch(waitedMs: number): void {
		const { queueMessages, queueBytes } = this.#tools.limits;
		const before = this.#tools.progress();
		this.#timer = this.#tools.after(paceMs, () => {
			this.#timer = undefined;
			const now = this.#tools.progress();
			const messages = now.acknowledged - before.acknowledged;
			const bytes = now.taken - before.taken;
			if (messages * 100 >= queueMessages || bytes * 100 >= queueBytes) this.#watch(0);
			else this.#lose(waitedMs + paceMs);
		});
	}

	#lose(waitedMs: number): void {
		for (const [goOn, patienceMs] of this.#held)
			if (patienceMs <= waitedMs) {
				this.#held.delete(goOn);
				goOn();
			}
		if (this.#held.size > 0) this.#watch(waitedMs);
		else this.#stalled = true;
	}

	caughtUp(): void {
		this.#stalled = false;
		if (this.#held.size > 0) this.release();
	}

	/** Lets held publishers go on. */
	release(): void {
		this.#timer?.cancel();
		this.#timer = undefined;
		for (const goOn of this.#held.keys()) goOn();
		this.#held.clear();
	}
}
