import { afterAll, beforeAll, expect, test } from "vitest";
import { expectEven } from "./even.ts";
import { type Factory, openFactory, smallLoad } from "./factory.ts";
import { serverKilled } from "./server-killed.ts";
import { serverStopped } from "./server-stopped.ts";

let factory: Factory;
beforeAll(async () => {
	factory = await openFactory({ shape: smallLoad });
}, 120_000);
afterAll(() => factory?.close(), 60_000);

test("what was sent before a power cut of the server is stored after it, once and in order", async () => {
	const outcome = await serverKilled(factory, { count: 5, seed: 5, say: () => {} });
	expectEven(outcome);
	expect(outcome.figures.killsWhileStarting).toBeGreaterThan(0);
}, 180_000);

test("an orderly end under load loses nothing and comes within ten seconds", async () => {
	expectEven(await serverStopped(factory));
}, 120_000);
