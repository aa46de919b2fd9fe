import { parseArgs } from "node:util";
import { type Factory, openFactory, wholeLoad } from "./factory.ts";
import { floodingClients } from "./flooding-clients.ts";
import { frozenSubscriber } from "./frozen-subscriber.ts";
import { garbage } from "./garbage.ts";
import { halfOpen } from "./half-open.ts";
import { hostileConnections, openHostileMachine } from "./hostile-machines.ts";
import { lateDocuments } from "./late-documents.ts";
import { mixingConnection, mixingMap, openMixingPlc } from "./mixing-plc.ts";
import { newNodeIds } from "./new-node-ids.ts";
import type { Outcome } from "./outcome.ts";
import { plcKilled } from "./plc-killed.ts";
import { reconnectStorm } from "./reconnect-storm.ts";
import { serverKilled } from "./server-killed.ts";
import { serverStopped } from "./server-stopped.ts";
import { slowBrowser } from "./slow-browser.ts";
import { staleIds } from "./stale-ids.ts";

const { values } = parseArgs({
	options: { count: { type: "string", default: "50" }, seed: { type: "string", default: "1" }, only: { type: "string" } },
});
const count = Number(values.count);
const seed = Number(values.seed);

const plc = await openMixingPlc({ timeoutMs: 1000 });
const machine = await openHostileMachine(seed);

/** Every fault on a factory of its own, 500 values at 10 Hz. */
const faults: Record<
	string,
	{ runs: number; run(factory: Factory, say: (line: string) => void): Promise<Outcome>; beside?: "mixing" | "hostile" }
> = {
	"server-killed": { runs: count, run: (factory, say) => serverKilled(factory, { count, seed, say }) },
	"server-stopped": { runs: 1, run: serverStopped },
	"plc-killed": { runs: 1, run: plcKilled },
	"half-open": { runs: 1, run: halfOpen },
	"stale-ids": { runs: 1, run: (factory) => staleIds(factory, plc), beside: "mixing" },
	"new-node-ids": { runs: 1, run: newNodeIds },
	"slow-browser": { runs: 1, run: (factory) => slowBrowser(factory, { frames: 400 }) },
	"frozen-subscriber": { runs: 1, run: (factory) => frozenSubscriber(factory, { floods: 500 }) },
	"flooding-clients": { runs: 1, run: (factory) => floodingClients(factory, { publishers: 50, messages: 2000 }) },
	"reconnect-storm": { runs: 1, run: (factory) => reconnectStorm(factory, { clients: 500, rounds: 5 }) },
	garbage: { runs: 1, run: (factory) => garbage(factory, { count: 900, seed, machine }), beside: "hostile" },
	"late-documents": { runs: 1, run: (factory) => lateDocuments(factory, { count: 1000, seed }) },
};

// What was started ends with us.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
const began = performance.now();
const say = (line: string) => console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}`);
const total = { runs: 0, lost: 0, duplicated: 0, reordered: 0, crashed: 0, failed: 0 };
const byFault: Record<string, unknown> = {};
for (const [name, { runs, run, beside }] of Object.entries(faults)) {
	if (values.only && !values.only.split(",").includes(name)) continue;
	say(`${name} …`);
	total.runs += runs;
	let factory: Factory | undefined;
	try {
		factory = await openFactory({
			shape: wholeLoad,
			...(beside === "mixing" ? { connections: { mixing: mixingConnection(plc.server.port) }, maps: { mixing: mixingMap } } : {}),
			...(beside === "hostile" ? { connections: hostileConnections(machine.port) } : {}),
		});
		const outcome = await run(factory, say);
		for (const key of ["lost", "duplicated", "reordered", "crashed"] as const) total[key] += outcome[key];
		byFault[name] = { runs, ...outcome };
		say(`${name}: ${JSON.stringify(outcome)}`);
		if (outcome.lost + outcome.duplicated + outcome.reordered + outcome.crashed > 0) console.error(factory.words());
	} catch (thrown) {
		total.failed++;
		total.crashed += factory?.crashes() ?? 0;
		const reason = thrown instanceof Error ? thrown.message : String(thrown);
		byFault[name] = { runs, failed: reason };
		say(`${name} FAILED: ${thrown instanceof Error ? thrown.stack : reason}\n${factory?.words().slice(-10_000) ?? ""}`);
	} finally {
		await factory?.close();
	}
}
await plc.close();
machine.close();
console.log(
	JSON.stringify({
		name: "faults",
		at: new Date().toISOString(),
		seed,
		...total,
		seconds: Math.round((performance.now() - began) / 1000),
		byFault,
	}),
);
const { runs: _, ...mustBeNone } = total;
process.exit(Object.values(mustBeNone).every((number) => number === 0) ? 0 : 1);
