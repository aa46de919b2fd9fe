import { MillwrightError } from "@millwright/core";

/** Waiters beyond this are refused: something holds the connection, and a longer queue would only hide it. */
const mostWaiting = 5000;

/** One at a time, first come first served; a wait that lasts too long ends in an error instead of hanging for ever. */
export interface Turns {
	take(): Promise<void>;
	pass(): void;
}

export function createTurns({ longestWaitMs = 30_000 }: { longestWaitMs?: number } = {}): Turns {
	let taken = false;
	const waiting = new Set<() => void>();

	const busy = (why: string) =>
		new MillwrightError("records.busy", `The records are taken: ${why}`, {
			kind: "busy",
			hint: "Try again in a moment. If it stays so, a transaction does not end: inside one, use only the transaction handed in.",
		});

	return {
		take() {
			if (!taken) {
				taken = true;
				return Promise.resolve();
			}
			if (waiting.size >= mostWaiting) return Promise.reject(busy(`${waiting.size} queries wait already`));
			return new Promise((resolve, reject) => {
				const timer = setTimeout(() => {
					waiting.delete(go);
					reject(busy(`waited ${longestWaitMs} ms`));
				}, longestWaitMs);
				timer.unref();
				const go = () => {
					clearTimeout(timer);
					resolve();
				};
				waiting.add(go);
			});
		},
		pass() {
			const [next] = waiting;
			if (!next) taken = false;
			else {
				waiting.delete(next);
				next();
			}
		},
	};
}
