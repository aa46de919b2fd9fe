import { type Clock, DeviceRefusal, type Timer } from "@millwright/core";
import type { ConnectionFigures } from "./figures.ts";
import type { Gate } from "./gate.ts";

/** No answer within the connection's timeout. */
export class RequestTimeout extends Error {}

/** So many requests without any answer, and so many timeouts long: the line is dead, whatever the socket says. */
const deadAfter = 3;

/** A timer later than this says that this process stood still, ms. */
const stallMs = 100;
/** What a request is given then, ms. */
const graceMs = 250;

/** Once sockets have been read. */
function nextTurn(run: () => void): Timer {
	const turn = setImmediate(run);
	return { cancel: () => clearImmediate(turn) };
}

/** The one way to ask a session: in turn, with a deadline, counted. Answers after the deadline go nowhere. */
export function createRequests({
	timeoutMs,
	gate,
	clock,
	signal,
	figures,
	lose,
}: {
	timeoutMs: number;
	gate: Gate;
	clock: Clock;
	/** Of this session's life. */
	signal: AbortSignal;
	figures: Pick<ConnectionFigures, "latency" | "requests" | "failures">;
	lose(reason: Error): void;
}) {
	let answeredAt = clock.monotonicMs();
	let unanswered = 0;

	const failed = (reason: Error): void => {
		figures.failures++;
		unanswered++;
		const silentMs = clock.monotonicMs() - answeredAt;
		if (unanswered >= deadAfter && silentMs >= deadAfter * timeoutMs)
			lose(new Error(`No answer to the last ${unanswered} requests for ${Math.round(silentMs / 1000)} s (${reason.message})`));
	};

	return async function request<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
		await gate.enter(signal);
		const begun = clock.monotonicMs();
		const giveUp = new AbortController();
		figures.requests.add();
		let end: () => void = () => {};
		const tooLate = () => giveUp.abort(new RequestTimeout(`No answer within ${timeoutMs} ms`));
		let timer = clock.after(timeoutMs, () => {
			// Timers run before sockets are read. Where our own process stood still, the answer may long be here.
			const stoodStill = clock.monotonicMs() - begun - timeoutMs > stallMs;
			timer = stoodStill ? clock.after(Math.min(timeoutMs, graceMs), tooLate) : nextTurn(tooLate);
		});
		try {
			const answer = await new Promise<T>((resolve, reject) => {
				giveUp.signal.addEventListener("abort", () => reject(giveUp.signal.reason as Error), { once: true });
				end = () => giveUp.abort(signal.reason);
				if (signal.aborted) end();
				else signal.addEventListener("abort", end, { once: true });
				// A driver may throw at once as well as reject.
				new Promise<T>((settle) => settle(ask(giveUp.signal))).then(resolve, reject);
			});
			answeredAt = clock.monotonicMs();
			unanswered = 0;
			figures.latency.add(answeredAt - begun);
			return answer;
		} catch (thrown) {
			const error = thrown instanceof Error ? thrown : new Error(String(thrown));
			if (error instanceof DeviceRefusal) {
				answeredAt = clock.monotonicMs();
				unanswered = 0;
				figures.latency.add(answeredAt - begun);
			} else if (!signal.aborted) failed(error);
			throw error;
		} finally {
			timer.cancel();
			signal.removeEventListener("abort", end);
			gate.leave();
		}
	};
}
export type Request = ReturnType<typeof createRequests>;
