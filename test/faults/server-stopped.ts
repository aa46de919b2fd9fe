import assert from "node:assert/strict";
import type { Factory } from "./factory.ts";
import { type Outcome, settle } from "./outcome.ts";

/** An orderly end under load: it comes within 10 s, and nothing waits to be delivered again. */
export async function serverStopped(factory: Factory): Promise<Outcome> {
	await factory.good();
	const began = performance.now();
	const code = await factory.stopServer(10_000);
	const tookMs = Math.round(performance.now() - began);
	assert.equal(
		code,
		0,
		`the server ends by itself within 10 s of SIGTERM; its last words: ${factory.server.errors().slice(-500)}`,
	);
	await factory.startServer();
	await factory.good();
	const outcome = await settle(factory, { tookMs });
	// Only an answer that was on the wire when the sockets closed.
	assert.ok(
		(outcome.figures.widestUnsent ?? 0) <= 1,
		`at most the poll under way is missing, not ${outcome.figures.widestUnsent}`,
	);
	return outcome;
}
