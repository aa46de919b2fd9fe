import { expect, test } from "vitest";
import { createClock } from "./clock.ts";

test("wall time in ns never steps back and stays with the operating system's", () => {
	const clock = createClock();
	let before = clock.now();
	for (let i = 0; i < 20_000; i++) {
		const now = clock.now();
		expect(now >= before).toBe(true);
		before = now;
	}
	expect(Math.abs(Number(before / 1_000_000n) - Date.now())).toBeLessThan(50);
});

test("a sleeper is woken by its signal with the signal's reason", async () => {
	const stop = new AbortController();
	const asleep = createClock().sleep(60_000, stop.signal);
	stop.abort(new Error("stopping"));
	await expect(asleep).rejects.toThrow("stopping");
});
