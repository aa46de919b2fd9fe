/** Brings a data folder up to date with two migrations that take a while; killed by `kill.test.ts`. */
import { createClock, silentLog, upgradeData } from "@millwright/runtime";
import { migrations } from "../migrations.ts";
import { upgradeStores } from "./stores.ts";

const data = process.argv[2] as string;
const heavy = [
	{
		name: "zeal/001-numbers",
		up: [
			"CREATE TABLE heavy_numbers (number INTEGER PRIMARY KEY, half INTEGER)",
			`INSERT INTO heavy_numbers WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 300000)
			 SELECT n, n / 2 FROM count`,
		],
	},
	{ name: "zeal/002-index", up: ["CREATE INDEX heavy_half ON heavy_numbers (half)", "UPDATE heavy_numbers SET half = half + 1"] },
];
const stores = upgradeStores({ log: silentLog, migrations: [...migrations, ...heavy] });
const result = await upgradeData({ data, version: "9.9.9", stores, clock: createClock(), log: silentLog });
process.stdout.write(JSON.stringify(result));
