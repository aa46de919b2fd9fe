import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadConfig } from "../../apps/simulator/src/load-config.ts";
import { chromiumPath, launchBrowser } from "../../test/kit/chromium.ts";
import { type Session, signIn, startServer, throwAwayFolder, until } from "../../test/kit/platform.ts";
import { root, startProgram, type Usage, usageOf } from "../../test/kit/processes.ts";
import { report, rounded } from "../lib/report.ts";
import { startAnalytics } from "./analytics.ts";
import { startProbe } from "./probe.ts";

/**
 * The factory of the sources: 500 sensors at 10 Hz over real Modbus TCP and OPC UA, every stage on (ring with fsync, namespace,
 * history, twin, live), a browser watching. Modbus values count their own reads, so a value lost or stored twice shows as a
 * hole or a repetition in the numbers themselves.
 */
const { values } = parseArgs({
	options: {
		seconds: { type: "string", default: "600" },
		/** An analyst asks the history all the while, without a pause. */
		analytics: { type: "boolean", default: false },
	},
});
const seconds = Number(values.seconds);
const warmUpSeconds = 15;

interface Watched {
	frames: number;
	p50Ms(): number;
	p99Ms(): number;
	reset?(): void;
}

const { folder, remove } = throwAwayFolder("reference");
const simulator = await startProgram<{ ports: Record<string, number> }>(join(root, "apps/simulator/src/main.ts"), [
	"--plant",
	"load",
	"--ports",
	"free",
	"--folder",
	join(folder, "plant"),
]);
const config = join(folder, "millwright.yaml");
writeFileSync(
	config,
	JSON.stringify({
		http: { listen: { port: 0 } },
		namespace: { mqtt: { listen: { port: 0 } } },
		...loadConfig(simulator.ready.ports),
	}),
);
const server = await startServer({ config, data: join(folder, "data") });
const session = await signIn(server.ready);
const total = async () => (await session.sense.ledger({})).total;

const browser = chromiumPath ? await launchBrowser() : undefined;
const page = await browser?.newPage({ viewport: { width: 1440, height: 900 } });
if (page) {
	const [name, value] = session.cookie.split("=") as [string, string];
	await page.context().addCookies([{ name, value, url: session.url }]);
	await page.goto(session.url);
}
await until(
	async () => (await session.sense.connections({})).connections,
	(all) => all.every(({ good, tags }) => good === tags),
	{ what: "every tag good", withinMs: 60_000 },
);
const { secret } = await session.access.addKey({
	name: "probe",
	roles: [],
	topics: { publish: ["bench/probe"], subscribe: ["bench/probe"] },
});
const probe = await startProbe({
	port: server.ready.mqttPort as number,
	username: "probe",
	password: secret,
	topic: "bench/probe",
	everyMs: 20,
});
const tagNames = (await session.sense.tags({ limit: 5000 })).tags.map(({ tag }) => tag);
const analytics = values.analytics ? startAnalytics(session, tagNames) : undefined;
await pause(warmUpSeconds * 1000);
probe.reset();
const began = { at: performance.now(), usage: usageOf(server.pid), ledger: await total() };
if (page) await page.evaluate(() => (globalThis as unknown as { __millwright?: Watched }).__millwright?.reset?.());
const resident: number[] = [];
while (performance.now() - began.at < seconds * 1000) {
	await pause(Math.min(2000, seconds * 100));
	resident.push(usageOf(server.pid).residentMb);
}
const ended = { at: performance.now(), usage: usageOf(server.pid), ledger: await total() };
const watched =
	page &&
	(await page.evaluate(() => {
		const meter = (globalThis as unknown as { __millwright?: Watched }).__millwright;
		return meter && { frames: meter.frames, p50: meter.p50Ms(), p99: meter.p99Ms() };
	}));
const stages = await session.twin.stages({});
const brokered = await probe.stop();
const asked = await analytics?.stop();

// Silence the machines, let everything arrive, then count.
await simulator.stop();
const settled = await until(total, ({ buffered, sent, stored }) => buffered === 0 && sent === stored, {
	what: "sent = stored",
	withinMs: 60_000,
}).catch(() => total());
const counted = await countNumbers(session);
const elapsed = (ended.at - began.at) / 1000;

report({
	name: "reference",
	conditions: {
		plant: "5 Modbus TCP servers × 80 uint32 + 1 OPC UA server × 100 Int32, all changing at 10 Hz",
		stages:
			"ring (SQLite, synchronous=FULL), namespace, DuckDB history, twin with a template for each tag, live updates, browser on the overview",
		seconds: rounded(elapsed, 1),
		framesSeen: watched?.frames ?? 0,
		analytics: asked
			? `${asked.questions} questions one after the other (trends of 6 tags, aggregates of 50 and 20, 10 minutes raw), slowest ${rounded(asked.worstMs, 0)} ms`
			: "none",
		probe: `${brokered.sent} messages beside the plant's own, publisher to subscriber through the broker, QoS 0`,
	},
	metrics: {
		valuesPerSecond: rounded((ended.ledger.stored - began.ledger.stored) / elapsed, 1),
		p99Ms: watched ? rounded(watched.p99, 1) : null,
		p50Ms: watched ? rounded(watched.p50, 1) : null,
		twinCycleP99Ms: rounded(stages.stages.find(({ stage }) => stage === "cycle")?.p99 ?? Number.NaN),
		twinStagesP99Ms: Object.fromEntries(stages.stages.map(({ stage, p99 }) => [stage, rounded(p99, 3)])),
		cpuPercentOfOneCore: rounded(share(began.usage, ended.usage, elapsed), 1),
		residentMb: rounded(Math.max(...resident), 0),
		...memoryOverTime(resident),
		brokerP50Ms: rounded(brokered.p50Ms),
		brokerP99Ms: rounded(brokered.p99Ms),
		brokerP999Ms: rounded(brokered.p999Ms),
		probeLost: brokered.sent - brokered.received,
		sent: settled.sent,
		stored: settled.stored,
		lost: settled.sent - settled.stored + counted.holes,
		duplicated: counted.repeated,
		outOfOrder: counted.outOfOrder,
	},
});
await browser?.close();
await server.stop();
remove();
process.exit(0);

/** Medians of the second and the last tenth: flat memory shows no difference. The first tenth still fills caches. */
function memoryOverTime(samples: readonly number[]): { residentEarlyMb: number; residentLateMb: number } {
	const tenth = Math.max(1, Math.floor(samples.length / 10));
	const median = (part: readonly number[]): number => [...part].sort((a, b) => a - b)[Math.floor(part.length / 2)] ?? Number.NaN;
	return {
		residentEarlyMb: rounded(median(samples.slice(tenth, 2 * tenth)), 0),
		residentLateMb: rounded(median(samples.slice(-tenth)), 0),
	};
}

function share(from: Usage, to: Usage, elapsedSeconds: number): number {
	return (to.cpuMs - from.cpuMs) / (elapsedSeconds * 10);
}

/** Every stored value of every tag: counters must go on by one, times must not go back. */
async function countNumbers(from: Session): Promise<{ rows: number; holes: number; repeated: number; outOfOrder: number }> {
	const sum = { rows: 0, holes: 0, repeated: 0, outOfOrder: 0 };
	const { tags } = await from.sense.tags({ limit: 5000 });
	for (const { tag, connection } of tags) {
		const series = await from.history.raw({ tag, from: 0, until: Date.now() + 60_000, limit: 1_000_000 });
		let before: number | null = null;
		for (const [row, value] of series.values.entries()) {
			if (value === null || (series.quality[row] as number) !== 0) continue;
			sum.rows++;
			if (row > 0 && (series.times[row] as number) < (series.times[row - 1] as number)) sum.outOfOrder++;
			if (before !== null) {
				if (value === before) sum.repeated++;
				// A subscription reports changes as the server sampled them; only what counts its own reads must have no hole.
				else if (value !== before + 1 && connection !== "load-opcua") sum.holes++;
			}
			before = value;
		}
	}
	return sum;
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
