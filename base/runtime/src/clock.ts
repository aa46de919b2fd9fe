import type { Clock, Timer } from "@millwright/core";

/** How far the steady clock may run from the wall before the wall's correction is taken, ms. */
const tolerance = 5;

/** The machine's clock. Wall time comes from the operating system each time, so that a corrected clock is followed. */
export function createClock(): Clock {
	const after = (ms: number, run: () => void): Timer => {
		const timer = setTimeout(run, ms);
		timer.unref();
		return { cancel: () => clearTimeout(timer) };
	};
	return {
		now: createWallNanos(),
		nowMs: () => Date.now(),
		monotonicMs: () => performance.now(),
		after,
		every(ms, run) {
			const timer = setInterval(run, ms);
			timer.unref();
			return { cancel: () => clearInterval(timer) };
		},
		sleep(ms, signal) {
			return new Promise((resolve, reject) => {
				if (signal?.aborted) return reject(signal.reason);
				const done = () => {
					signal?.removeEventListener("abort", gone);
					resolve();
				};
				// A sleeper is something being waited for: it keeps the process alive.
				const timer = setTimeout(done, ms);
				const gone = () => {
					clearTimeout(timer);
					reject(signal?.reason);
				};
				signal?.addEventListener("abort", gone, { once: true });
			});
		},
	};
}

/** The wall clock with the steady clock's fineness: even steps until the operating system corrects the time. */
function createWallNanos(): () => bigint {
	let anchorWall = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n;
	let anchorSteady = process.hrtime.bigint() - BigInt(Math.round(performance.now() * 1_000_000));
	return () => {
		const steady = process.hrtime.bigint();
		const time = anchorWall + (steady - anchorSteady);
		const wallMs = Date.now();
		if (Math.abs(Number(time / 1_000_000n) - wallMs) <= tolerance) return time;
		anchorWall = BigInt(wallMs) * 1_000_000n;
		anchorSteady = steady;
		return anchorWall;
	};
}
