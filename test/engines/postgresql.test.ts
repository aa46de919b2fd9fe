import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PostgresqlServer, postgresqlMissing, startPostgresqlServer } from "@millwright/testkit/postgresql-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { embeddedEngines } from "../../apps/server/src/engine-settings.ts";
import { probeEngines } from "../../apps/server/src/probe-engines.ts";
import { type Server, type Session, signIn, startServer, throwAwayFolder, until } from "../kit/platform.ts";
import { command } from "../operation/command.ts";
import { countingPlant, openCountingPlc } from "./counting-plc.ts";

const count = "northworks/press-1/count";
const load = "northworks/press-1/load";

describe.skipIf(postgresqlMissing)(
	postgresqlMissing ? `skipped: ${postgresqlMissing}` : "the whole platform on PostgreSQL",
	() => {
		let postgresql: PostgresqlServer;
		let plc: Awaited<ReturnType<typeof openCountingPlc>>;
		let server: Server;
		let session: Session;
		const { folder, remove } = throwAwayFolder("postgresql");
		const config = join(folder, "millwright.yaml");
		const data = join(folder, "data");

		const env = { MILLWRIGHT_SECRET_DATABASE: "trusted anyway" };
		const millwright = (...args: string[]) => command(args, { env });

		const configure = (engines?: unknown) =>
			writeFileSync(
				config,
				JSON.stringify({
					http: { listen: { port: 0 }, rateLimit: 60_000 },
					namespace: { mqtt: { listen: { port: 0 } } },
					...countingPlant(plc.port),
					...(engines === undefined ? {} : { engines }),
				}),
			);
		const start = async () => {
			server = await startServer({ config, data, env });
			session = await signIn({ url: server.ready.url, ...(server.ready.setupCode ? { setupCode: server.ready.setupCode } : {}) });
		};
		/** Good values of the counter, as the history has them. */
		const counted = async (): Promise<number[]> => {
			const { values, quality } = await session.history.raw({
				tag: count,
				from: 0,
				until: Date.now() + 60_000,
				limit: 1_000_000,
			});
			return values.filter((value, i): value is number => typeof value === "number" && (quality[i] as number) < 0x40);
		};
		const storedMore = async (than: number) =>
			until(counted, (values) => (values.at(-1) ?? 0) > than, { what: `a count beyond ${than} in the history` });

		beforeAll(async () => {
			postgresql = await startPostgresqlServer();
			postgresql.createDatabase("plant");
			plc = await openCountingPlc();
		});
		afterAll(async () => {
			await server?.stop();
			await plc?.close();
			await postgresql?.stop();
			remove();
		});

		test("records kept in the data folder move into the database when the configuration names it", {
			timeout: 60_000,
		}, async () => {
			configure();
			await start();
			expect(server.ready.setupCode).toBeDefined();
			await server.stop();
			const reach = {
				kind: "postgresql",
				host: postgresql.host,
				port: postgresql.port,
				user: postgresql.user,
				database: "plant",
				password: `\${env:MILLWRIGHT_SECRET_DATABASE}`,
			};
			configure({ records: reach, series: reach });
			await start();
			expect(server.ready.setupCode).toBeUndefined();
			expect(existsSync(join(data, "records.sqlite"))).toBe(false);
			expect(readdirSync(data).some((name) => name.startsWith("records.sqlite.moved-"))).toBe(true);
			expect(postgresql.sql("plant", "SELECT login FROM millwright_records.access_people")).toBe("ada");
			expect((await session.history.figures({})).engine).toBe("series-postgresql");
		});

		test("samples arrive, are asked for, and limits raise and clear", { timeout: 60_000 }, async () => {
			await storedMore(20);
			const { tags } = await session.history.aggregate({
				tags: [load],
				from: Date.now() - 600_000,
				until: Date.now(),
				bucket: "1 h",
				functions: ["min", "max", "timeWeightedMean"],
			});
			expect(tags[0]?.columns.max?.at(-1)).toBe(10);
			const { series } = await session.history.trend({
				tags: [count],
				from: Date.now() - 60_000,
				until: Date.now(),
				points: 100,
			});
			expect(series[0]?.times.length).toBeGreaterThan(5);
			plc.load = 200;
			await until(
				() => session.twin.limitEvents({ active: true }),
				({ events }) => events.some(({ level }) => level === "high"),
				{ what: "the limit raised" },
			);
			plc.load = 10;
			await until(
				() => session.twin.limitEvents({}),
				({ events }) => events.length > 0 && events.every(({ clearedAt }) => clearedAt !== undefined),
				{ what: "the limit cleared" },
			);
			expect(
				postgresql.sql("plant", "SELECT count(*) FROM millwright_records.twin_limit_event WHERE cleared_at IS NOT NULL"),
			).not.toBe("0");
		});

		test("a database killed under load loses nothing: the ring keeps, and all arrives once when it is back", {
			timeout: 90_000,
		}, async () => {
			await postgresql.kill();
			await until(
				async () => (await fetch(`${server.ready.url}/health`)).json() as Promise<{ state?: string }>,
				(health) => JSON.stringify(health).includes("failing"),
				{ what: "the outage told" },
			);
			const during = plc.answered();
			await until(
				async () => plc.answered(),
				(now) => now > during + 20,
				{ what: "the machine still read" },
			);
			const inOutage = plc.answered();
			await postgresql.restart();
			const values = await storedMore(inOutage + 5);
			expect(values).toEqual(Array.from(values, (_, i) => (values[0] as number) + i));
		});

		test("a platform killed and started again has everything: sign-in, samples without a gap, the whole audit chain", {
			timeout: 90_000,
		}, async () => {
			const before = await counted();
			await server.kill();
			await start();
			const values = await storedMore((before.at(-1) as number) + 20);
			// What was under way from the machine when the platform died may be missing; nothing that was stored is, and nothing is twice.
			expect(values.slice(0, before.length)).toEqual(before);
			expect(new Set(values).size).toBe(values.length);
			expect(values).toEqual([...values].sort((a, b) => a - b));
			expect(await session.audit.verify({})).toMatchObject({ whole: true });
			const { entries } = await session.audit.entries({ limit: 100 });
			expect(entries.map(({ what }) => what)).toContain("access.signIn");
		});

		test("a backup put into an empty database is the same plant again", { timeout: 90_000 }, async () => {
			await session.history.figures({});
			await server.stop();
			const to = join(folder, "backup");
			expect(await millwright("backup", "--to", to, "--data", data, "--config", config)).toMatchObject({ code: 0 });
			const again = join(folder, "again");
			const restore = () => millwright("restore", "--from", to, "--data", again, "--config", config);
			// What the database holds is never written over.
			expect(await restore()).toMatchObject({ code: 1, errors: expect.stringContaining("series.not-empty") as unknown });
			postgresql.sql("postgres", "ALTER DATABASE plant RENAME TO plant_before");
			postgresql.createDatabase("plant");
			expect(await restore()).toMatchObject({ code: 0 });
			const people = "SELECT id, login, password_hash FROM millwright_records.access_people";
			const samples = "SELECT rows, oldest, newest FROM millwright_series.tally ORDER BY 1, 2, 3";
			const stored = postgresql.sql("plant", samples);
			expect(stored).toBe(postgresql.sql("plant_before", samples));
			server = await startServer({ config, data: again, env });
			session = await signIn({ url: server.ready.url });
			expect(postgresql.sql("plant", people)).toBe(postgresql.sql("plant_before", people));
			expect(await session.audit.verify({})).toMatchObject({ whole: true });
			const before = await counted();
			const values = await storedMore(plc.answered());
			expect(values.slice(0, before.length)).toEqual(before);
		});

		test("the doctor connects to the databases that the configuration names", async () => {
			const engines = (port: number) => ({
				series: {
					kind: "postgresql" as const,
					host: postgresql.host,
					port,
					user: postgresql.user,
					database: "plant",
					timescale: "auto" as const,
				},
				records: { kind: "sqlite" as const },
			});
			expect(await probeEngines(engines(postgresql.port))).toEqual([
				{ fine: true, what: expect.stringMatching(/^engines\.series: PostgreSQL 1\d/) as unknown },
			]);
			expect(await probeEngines(engines(1))).toMatchObject([
				{ fine: false, hint: expect.stringContaining("running") as unknown },
			]);
			expect(await probeEngines(embeddedEngines)).toEqual([]);
		});

		test("what stands in the configuration is no secret", () => {
			expect(readFileSync(config, "utf8")).not.toContain("trusted anyway");
			expect(server.errors()).not.toContain("trusted anyway");
		});
	},
);
