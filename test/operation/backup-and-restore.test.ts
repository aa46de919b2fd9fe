import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Factory, openFactory } from "../faults/factory.ts";
import { until } from "../kit/platform.ts";
import { command } from "./command.ts";

/** 1,200 values a second. */
const shape = { modbusConnections: 2, registersPerConnection: 50, opcuaTags: 20, rate: 10, counting: "reads" } as const;
/** Values answered without our having them, in a row of one tag: a second's worth. */
const mostUnderWay = 10;
const watched = ["northworks/load/load-1/counter-1", "northworks/load/load-2/counter-50", "northworks/load/load-opcua/counter-7"];

let factory: Factory;
let place: string;
beforeAll(async () => {
	place = mkdtempSync(join(tmpdir(), "millwright-operation-"));
	factory = await openFactory({ shape });
	await factory.good();
}, 120_000);
afterAll(async () => {
	await factory?.close();
	rmSync(place, { recursive: true, force: true });
}, 60_000);

const millwright = (...args: string[]) => command(args, { env: { MILLWRIGHT_URL: "", MILLWRIGHT_KEY: "" } });

/** Every sample of the watched tags in a time, as stored. */
const trend = async (from: number, to: number) =>
	Promise.all(
		watched.map(async (tag) => {
			const { times, values, quality } = await factory.session.history.raw({ tag, from, until: to, limit: 100_000 });
			return { tag, times, values, quality };
		}),
	);

/** Nothing waits, nothing is missing, and what was read is accounted for. */
const even = () =>
	until(
		() => factory.session.sense.ledger({}),
		({ connections }) =>
			factory.plant.targets.every((name) => {
				const one = connections[name];
				return (
					one !== undefined &&
					one.buffered < 500 &&
					one.read + one.made === one.sent + one.filtered + one.rejected &&
					one.expired === 0
				);
			}),
		{ what: "an even ledger" },
	);

test("a backup made under load, a wiped folder, a restore: the same trend, the same people, a whole audit log, and nothing new is lost", async () => {
	const { session } = factory;
	const { secret } = await session.access.addKey({ name: "backups", roles: ["administrator"] });
	const env = { MILLWRIGHT_URL: factory.url, MILLWRIGHT_KEY: secret };
	const begin = Date.now() - 60_000;
	await until(
		() => trend(begin, Date.now()),
		(all) => all.every(({ values }) => values.length > 50),
		{ what: "a trend" },
	);

	const to = join(place, "backup");
	const made = await command(["backup", "--to", to, "--why", "before the wipe"], { env });
	expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^[\d.]+ [kM]B in /) });
	expect((await millwright("backup", "verify", "--from", to)).out).toMatch(/is whole: \d+ files/);
	const manifest = JSON.parse(readFileSync(join(to, "manifest.json"), "utf8")) as {
		startedAt: number;
		until: number;
		rows: number;
	};
	expect(manifest.until).toBeGreaterThan(begin);
	const { entries } = await session.audit.entries({ what: "platform.backup" });
	expect(entries[0]).toMatchObject({ outcome: "done", why: "before the wipe" });
	// The plant went on meanwhile, and goes on.
	await until(
		() => trend(manifest.startedAt, Date.now()),
		(all) => all.every(({ values }) => values.length > 20),
		{ what: "values during and after the backup" },
	);
	const before = await trend(begin, manifest.startedAt);
	const { connections: countsBefore } = await even();

	// While it runs nothing can be put in its place.
	const early = await millwright("restore", "--from", to, "--data", factory.data, "--config", factory.config, "--replace");
	expect(early).toMatchObject({ code: 1, errors: expect.stringContaining("runtime.folder-in-use") });

	const since = Date.now();
	await factory.killServer();
	rmSync(factory.data, { recursive: true });
	const restored = await millwright("restore", "--from", to, "--data", factory.data, "--config", factory.config);
	expect(restored).toMatchObject({ code: 0, out: expect.stringMatching(/Restored to .*\n.*\n[\d,]+ samples until /) });
	expect(restored.out).toContain("the same already");
	// What the history knows beyond the ring is never given again.
	const raised = JSON.parse(readFileSync(join(factory.data, "sense", "ring.db.raised.json"), "utf8")) as Record<string, number>;
	for (const name of factory.plant.targets) expect(raised[name]).toBeGreaterThan(500);
	await factory.startServer();
	await factory.good();

	expect(await trend(begin, manifest.startedAt)).toEqual(before);
	expect(await factory.session.audit.verify({})).toMatchObject({ whole: true });
	expect((await factory.session.access.keys({})).keys.map(({ name }) => name)).toContain("backups");
	const { connections } = await even();
	for (const name of factory.plant.targets)
		expect(connections[name]?.sent).toBeLessThanOrEqual((countsBefore[name]?.sent ?? 0) + 60 * 50 * 10);

	// A counter of reads tells every value that the history does not take: one more each time, but for answers that a busy machine gave too late.
	const after = await until(
		() => trend(since, Date.now()),
		(all) => all.every(({ values }) => values.length > 60),
		{ what: "values after the restore" },
	);
	for (const { tag, values, quality } of after.slice(0, 2)) {
		const counted = values.filter((_, i) => quality[i] === 0);
		expect(counted.length, tag).toBeGreaterThan(50);
		const steps = counted.slice(1).map((value, i) => (value as number) - (counted[i] as number));
		expect(Math.min(...steps), tag).toBe(1);
		expect(Math.max(...steps), tag).toBeLessThanOrEqual(mostUnderWay + 1);
	}
	expect(factory.crashes()).toBe(0);
}, 180_000);

test("a full folder is not written over, a damaged backup not restored, and what was there can be kept aside", async () => {
	await factory.stopServer(20_000);
	const offline = join(place, "offline");
	const made = await millwright("backup", "--to", offline, "--data", factory.data, "--config", factory.config);
	expect(made).toMatchObject({ code: 0, out: expect.stringContaining("samples until") });
	const names = readdirSync(factory.data).sort();
	const refused = await millwright("restore", "--from", offline, "--data", factory.data, "--config", factory.config);
	expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining("backup.data-not-empty") });

	// Killed while it is being put together: nothing was touched, and the next one begins anew.
	const staging = join(factory.data, ".restoring", "data");
	const killed = await command(["restore", "--from", offline, "--data", factory.data, "--config", factory.config, "--replace"], {
		env: { MILLWRIGHT_URL: "" },
		killWhen: () => existsSync(staging) && readdirSync(staging).length > 0,
	});
	expect(killed.code).toBeNull();
	expect(
		readdirSync(factory.data)
			.filter((name) => name !== ".restoring")
			.sort(),
	).toEqual(names);

	const kept = await millwright("restore", "--from", offline, "--data", factory.data, "--config", factory.config, "--replace");
	expect(kept.code).toBe(0);
	const aside = readdirSync(factory.data).find((name) => name.startsWith("replaced-")) as string;
	expect(readdirSync(join(factory.data, aside)).sort()).toEqual(names.filter((name) => !name.startsWith("in-use.lock")));

	appendFileSync(join(offline, "records", "records.sqlite"), "x");
	const fresh = join(place, "fresh");
	const damaged = await millwright("restore", "--from", offline, "--data", fresh, "--config", factory.config);
	expect(damaged).toMatchObject({ code: 1, errors: expect.stringContaining("records/records.sqlite") });
	expect(existsSync(join(fresh, "records.sqlite"))).toBe(false);
	expect((await millwright("doctor", "--data", factory.data, "--config", factory.config)).out).toContain(
		"holds what a restore replaced",
	);

	await factory.startServer();
	await factory.good();
	await even();
}, 180_000);
