import type { Clock, DriverSession, Log } from "@millwright/core";
import { settledWithin } from "./within.ts";

const closeWithinMs = 5000;

/** A session that is open within a deadline and before the attempt is given up; whatever opens later is closed again. */
export async function dial({
	open,
	limitMs,
	giveUp,
	clock,
	signal,
}: {
	open: () => Promise<DriverSession<unknown>>;
	limitMs: number;
	/** Ends the attempt, whose signal is aborted then. */
	giveUp(reason: Error): void;
	clock: Clock;
	signal: AbortSignal;
}): Promise<DriverSession<unknown>> {
	const dialling = Promise.resolve().then(open);
	const timer = clock.after(limitMs, () => giveUp(new Error(`Not open within ${limitMs / 1000} s`)));
	try {
		return await Promise.race([dialling, rejectedBy(signal)]);
	} catch (thrown) {
		dialling.then((tooLate) => tooLate.close()).catch(() => {});
		throw thrown;
	} finally {
		timer.cancel();
	}
}

/** Says goodbye, and waits no longer than is polite. */
export async function hangUp(
	session: DriverSession<unknown>,
	{ connection, clock, log }: { connection: string; clock: Clock; log: Log },
): Promise<void> {
	const closing = Promise.resolve()
		.then(() => session.close())
		.catch((thrown: unknown) => log.debug("Closing failed", { connection, reason: String(thrown) }));
	await settledWithin(closing, closeWithinMs, clock);
}

const rejectedBy = (signal: AbortSignal): Promise<never> =>
	new Promise((_resolve, reject) => {
		if (signal.aborted) reject(signal.reason as Error);
		else signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
	});
