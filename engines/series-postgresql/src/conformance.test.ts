import { silentLog } from "@millwright/runtime";
import { type PostgresqlServer, postgresqlMissing, startPostgresqlServer } from "@millwright/testkit/postgresql-server";
import { type SeriesPeer, seriesSuite } from "@millwright/testkit/series-suite";
import { afterAll, beforeAll, describe } from "vitest";
import { createPostgresqlSeries } from "./index.ts";

describe.skipIf(postgresqlMissing)(postgresqlMissing ? `skipped: ${postgresqlMissing}` : "conformance", () => {
	let server: PostgresqlServer;
	let databases = 0;
	beforeAll(async () => {
		server = await startPostgresqlServer();
	});
	afterAll(() => server?.stop());

	const openPeer = async (): Promise<SeriesPeer> => {
		const database = server.createDatabase(`series_${++databases}`);
		const open = () =>
			createPostgresqlSeries({
				target: { host: server.host, port: server.port, user: server.user, database },
				log: silentLog,
				flushMs: 2,
				flushRows: 1000,
				queueRows: 100_000,
			});
		let engine = open();
		return {
			engine,
			async again() {
				await engine.stop();
				engine = open();
				return engine;
			},
			another: openPeer,
			close: async () => {},
		};
	};
	seriesSuite("PostgreSQL", openPeer);
});
