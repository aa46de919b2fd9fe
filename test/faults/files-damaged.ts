import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../kit/platform.ts";
import { healthOf } from "./disk-full.ts";
import type { Outcome } from "./outcome.ts";
import { seeded } from "./seeded.ts";
import type { Side, Spine } from "./spine.ts";
import { settleSpine } from "./spine-outcome.ts";
import { countStored, rowsIn } from "./stored-values.ts";

type Damage = (file: string, random: () => number) => void;

/** A page of nonsense somewhere in the file, or at its beginning. */
const spoil =
	({ atBeginning }: { atBeginning: boolean }): Damage =>
	(file, random) => {
		const bytes = readFileSync(file);
		const at = atBeginning ? 0 : Math.floor(random() * Math.max(1, bytes.length - 4096));
		for (let i = at; i < Math.min(bytes.length, at + 4096); i++) bytes[i] = Math.floor(random() * 256);
		// Another file of that name, as a disk that lost a page would show it.
		rmSync(file);
		writeFileSync(file, bytes);
	};
const cutShort: Damage = (file, random) => truncateSync(file, Math.floor(statSync(file).size * (0.2 + random() * 0.6)));

const sumOf = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, one) => sum + one, 0);

/** Killed, a file of it spoilt, started again, and fed. Answers whether the file was there. */
async function damaged(spine: Spine, side: Side, path: string, damage: Damage, random: () => number): Promise<boolean> {
	await spine.kill(side);
	const file = join(spine.dataOf(side), path);
	const isThere = existsSync(file) && statSync(file).size > 0;
	if (isThere) damage(file, random);
	await spine.start(side);
	await spine.more(100, `values after ${path} was damaged`);
	return isThere;
}

/**
 * The history's log and its database are spoilt while the centre is down. It starts, says so, and the edge, which keeps what it
 * has sent for 72 hours, brings everything again.
 */
export async function historyDamaged(spine: Spine, { seed, rounds = 4 }: { seed: number; rounds?: number }): Promise<Outcome> {
	const random = seeded(seed);
	let damages = 0;
	for (const [path, damage] of [
		["history.duckdb", spoil({ atBeginning: true })],
		["history.duckdb.wal", spoil({ atBeginning: false })],
		["history.duckdb.wal", cutShort],
		["history.duckdb.wal", spoil({ atBeginning: true })],
	].slice(0, rounds) as [string, Damage][]) {
		await spine.more(100, "values at the centre");
		const before = sumOf(await rowsIn(spine.session, spine.tags));
		const isDone = await damaged(spine, "centre", path, damage, random);
		if (isDone) damages++;
		// A log that ends early says nothing of what stood behind: only who sent it knows.
		if (isDone && damage !== cutShort) {
			const { parts } = await healthOf(spine);
			assert.ok(
				parts.some(({ reason, hint }) => reason?.includes("could not be read") && hint?.includes(".damaged-")),
				`the health says what could not be read and where it is: ${JSON.stringify(parts)}`,
			);
		}
		await until(
			async () => sumOf(await rowsIn(spine.session, spine.tags)),
			(rows) => rows >= before,
			{ what: `what the history held before ${path} was damaged`, withinMs: 60_000 },
		);
	}
	assert.ok(damages >= rounds / 2, "files were there to be damaged");
	const aside = readdirSync(spine.dataOf("centre")).filter((name) => name.includes(".damaged-"));
	assert.ok(aside.length > 0, "what was damaged is set aside, not deleted");
	return settleSpine(spine, { figures: { damages, setAside: aside.length } });
}

/** A cold day's Parquet file is spoilt: what is missing is said, everything else is answered. */
export async function coldFileDamaged(spine: Spine, { seed, backlog }: { seed: number; backlog: number }): Promise<Outcome> {
	spine.cable.plug();
	await until(
		() => spine.stored(),
		(stored) => sumOf(stored) >= backlog,
		{ what: "the days before stored", withinMs: 120_000 },
	);
	await spine.session.history.tidy({});
	const history = join(spine.dataOf("centre"), "history");
	const files = await until(
		async () => readdirSync(history, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet")),
		(found) => found.length >= 2,
		{ what: "days in files of their own", withinMs: 60_000 },
	);
	const before = await rowsIn(spine.session, spine.tags);
	await damaged(spine, "centre", join("history", files.sort()[0] as string), spoil({ atBeginning: false }), seeded(seed));
	await countStored(spine.session, { interruptions: spine.interruptions, resets: [], tags: spine.tags });
	const { missing, reason } = await until(
		async () => {
			const { parts } = await healthOf(spine);
			const reason = parts.find(({ reason }) => /samples of \d{4}-\d\d-\d\d/.test(reason ?? ""))?.reason;
			return { reason, missing: Number(/(\d+) samples of/.exec(reason ?? "")?.[1] ?? 0) };
		},
		(found) => found.missing > 0,
		{ what: "how many samples of which day are missing" },
	);
	assert.ok(reason);
	const after = await rowsIn(spine.session, spine.tags);
	const gone = sumOf(before) - sumOf(after);
	assert.ok(gone <= missing, `${gone} rows are gone and ${missing} are said to be`);
	// Times before the damaged day and after it stand beside each other now.
	spine.interruptions.push({ from: 0, until: Date.now(), of: "line" });
	const outcome = await settleSpine(spine, { figures: { files: files.length, saidMissing: missing } });
	return { ...outcome, lost: Math.max(0, outcome.lost - missing) };
}

const isKept = ({ state, reason, hint }: { state: string; reason?: string; hint?: string }): boolean =>
	state === "failing" && Boolean(reason?.includes("does not go up")) && hint !== undefined;

/**
 * The edge's ring is spoilt. A ring that cannot be read is set aside and numbers go on far above; one that only lost its newest
 * rows gives numbers the centre has already: that is noticed and said, what was read under them stays at the edge, and nothing
 * the centre has is lost, doubled or overwritten.
 */
export async function ringDamaged(spine: Spine, { seed }: { seed: number }): Promise<Outcome> {
	const random = seeded(seed);
	let damages = 0;
	let lost = 0;
	let saidKept = 0;
	for (const [path, damage] of [
		["sense/ring.db-wal", spoil({ atBeginning: false })],
		["sense/ring.db-wal", cutShort],
		["sense/ring.db", spoil({ atBeginning: true })],
		["sense/ring.db", cutShort],
	] as const) {
		await spine.more(100, "values at the centre");
		const before = sumOf(await rowsIn(spine.session, spine.tags));
		if (await damaged(spine, "edge", path, damage, random)) damages++;
		lost += Math.max(0, before - sumOf(await rowsIn(spine.session, spine.tags)));
		// Either everything goes up, or it is said what does not.
		const status = await until(
			async () => spine.edgeStatus(),
			(now) => (now?.uplink.backlogRows ?? 0) < 200 || Boolean(now?.parts.some(isKept)),
			{ what: "the edge with nothing waiting, or saying what does not go up" },
		);
		if (status?.parts.some(isKept)) saidKept++;
	}
	assert.equal(damages, 4, "files were there to be damaged");
	await Promise.all(spine.plant.targets.map((target) => spine.plant.network(target, "cut")));
	spine.interruptions.push({ from: Date.now() - 100, until: Number.POSITIVE_INFINITY, of: "line" });
	let waited = -1;
	await until(
		async () => spine.edgeStatus(),
		(status) => {
			const { backlogRows } = status?.uplink ?? { backlogRows: 0 };
			const isStill = backlogRows === waited;
			waited = backlogRows;
			return isStill && Boolean(status?.connections.every(({ bad, tags }) => bad === tags));
		},
		{ what: "everything gone up that may", everyMs: 1500 },
	);
	const counted = await countStored(spine.session, { interruptions: spine.interruptions, resets: [], tags: spine.tags });
	const rows = sumOf(counted.rows);
	const told = sumOf(await spine.stored());
	const missing = counted.holes + counted.unsent;
	// What only the damaged part of the ring held, or was read under numbers that the centre has: a second's worth a damage.
	const underWay = 10 * spine.tags.length * damages;
	return {
		lost: lost + Math.max(0, missing - underWay),
		duplicated: counted.repeated,
		reordered: counted.reordered,
		crashed: spine.crashes(),
		figures: { damages, stored: rows, toldStored: told, saidKept, missing },
	};
}
