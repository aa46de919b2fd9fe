import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { postgresqlMissing } from "../../base/testkit/src/postgresql-server.ts";
import { report, rounded } from "../lib/report.ts";
import { influxMissing, startInflux } from "./influxdb.ts";
import { startOurs } from "./ours.ts";
import { begin, createPlant, day, tagCount } from "./plant.ts";
import { startPostgresql } from "./postgresql.ts";
import { askAll, asked, type Times } from "./questions.ts";
import type { System } from "./system.ts";

/**
 * The history beside InfluxDB 1.x and PostgreSQL on the same rows: one after the other, each alone on the machine, all
 * durable (our log, theirs, synced at each commit). What is sent is made beforehand, so that making it costs nobody time.
 */
const { values } = parseArgs({ options: { rows: { type: "string", default: "22320000" } } });
const days = Math.max(2, Math.ceil(Number(values.rows) / tagCount / 1440));
const rows = days * 1440 * tagCount;
const folder = mkdtempSync(join(tmpdir(), "bench-history-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const metricsOf = (times: Times) => ({
	dayAtMinuteMs: rounded(times.dayAtMinute.median, 3),
	monthAtHourFiftyTagsMs: rounded(times.monthAtHourFiftyTags.median, 1),
	rawHourMs: rounded(times.rawHour.median, 3),
	lastFiveHundredMs: rounded(times.lastFiveHundred.median, 3),
	firstMs: Object.fromEntries(Object.entries(times).map(([what, { first }]) => [what, rounded(first, 2)])),
});

/** Rows a second, of the time spent sending only. */
async function load(system: System, plant = createPlant()): Promise<number> {
	let ms = 0;
	for (let at = 0; at < days; at++) {
		const lot = system.prepare(Array.from({ length: 72 }, () => plant.next(20)));
		const began = performance.now();
		await lot.send();
		ms += performance.now() - began;
	}
	return Math.round((rows / ms) * 1000);
}

/** A plant's own pace again: what the flood left in the table moves into warm files, as it does every few hours. */
async function atOwnPace() {
	for (let seconds = 0; ; seconds += 2) {
		await ours.prepare([plant.next(1)]).send();
		await new Promise((resolve) => setTimeout(resolve, 2000));
		const now = await ours.figures();
		if (now.bytes < flooded.bytes / 2 || seconds >= 120) return now;
	}
}

async function measure(system: System) {
	const appendRowsPerSecond = await load(system);
	const { bytes, note } = await system.settle();
	const times = await askAll(system, days);
	await system.stop();
	console.error(`${system.name} ${system.version}: ${appendRowsPerSecond} rows/s, ${JSON.stringify(metricsOf(times))}`);
	return {
		version: system.version,
		appendRowsPerSecond,
		...metricsOf(times),
		bytesPerSample: rounded(bytes / rows),
		...(note ? { note } : {}),
	};
}

const ours = await startOurs(join(folder, "ours"));
const plant = createPlant();
const appendRowsPerSecond = await load(ours, plant);
const flooded = await ours.figures();
const hot = await atOwnPace();
const hotTimes = await askAll(ours, days);
console.error(`hot: ${JSON.stringify(metricsOf(hotTimes))}`);
const tidied = await ours.tidy(begin + BigInt(days) * day);
const cold = await ours.figures();
const coldTimes = await askAll(ours, days);
console.error(`cold: ${JSON.stringify(metricsOf(coldTimes))}`);
const residentMb = Math.round(process.memoryUsage().rss / 2 ** 20);
await ours.stop();

const peers: Record<string, unknown> = {};
if (influxMissing) console.error(`SKIPPING InfluxDB: ${influxMissing}`);
else {
	const { bytesPerSample, ...others } = await measure(await startInflux(join(folder, "influxdb")));
	peers.influxdb = { ...others, bytesPerSampleHot: bytesPerSample, bytesPerSampleCold: bytesPerSample };
}
if (postgresqlMissing) console.error(`SKIPPING PostgreSQL: ${postgresqlMissing}`);
else {
	const { bytesPerSample, ...others } = await measure(await startPostgresql());
	peers.postgresql = { ...others, bytesPerSampleHot: bytesPerSample, bytesPerSampleCold: bytesPerSample };
}

const shareOf = (tier: { rows: number; bytes: number } | undefined) =>
	tier && tier.rows > 0 ? rounded(tier.bytes / tier.rows) : undefined;
report({
	name: "history",
	conditions: {
		rows,
		signals: `${tagCount} tags, ${days} days, one sample a minute and tag; the ten tags of a machine are read together and share their ns times`,
		durability: "every append synced: ours one COMMIT a flush, InfluxDB one POST of 10,000 lines, PostgreSQL one COPY of a day",
		parameters: `no question is asked twice; medians of ${Object.values(asked).join(", ")} after the first; operating system's file cache warm`,
		lastValues: "ours from the twin's memory, in process as the server answers; the peers by query",
		transport: "ours in process (a worker thread between), the peers over loopback TCP (HTTP, prepared statements)",
		peersStore: "InfluxDB compacted, PostgreSQL vacuumed, table and index (tag, time)",
	},
	metrics: {
		appendRowsPerSecond,
		...metricsOf(coldTimes),
		bytesPerSampleHot: shareOf(hot.tiers.hot),
		bytesPerSampleInTable: shareOf(flooded.tiers.hot),
		bytesPerSampleCold: shareOf(cold.tiers.cold),
		whileHot: metricsOf(hotTimes),
		tidySeconds: rounded(tidied.seconds, 1),
		tidyRowsPerSecond: Math.round(tidied.rows / tidied.seconds),
		residentMb,
	},
	peers,
});
