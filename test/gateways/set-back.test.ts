import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../kit/platform.ts";
import { admit, type Centre, type Edge, startCentre, startEdge, stored, valuesOf } from "./kit.ts";

let centre: Centre;
let edge: Edge;

beforeAll(async () => {
	centre = await startCentre();
	const key = await admit(centre);
	edge = await startEdge({ folder: join(centre.folder, "edge"), key, url: `mqtt://127.0.0.1:${centre.mqttPort}` });
});
afterAll(async () => {
	await edge?.end();
	await centre?.end();
});

test("a centre that was set back to an older copy of its data gets from the edge what it had confirmed since", async () => {
	for (let at = 0; at < 20; at++) await edge.read([at, 0, 0]);
	await stored(centre, 60);
	await centre.server.stop();
	const copy = join(centre.folder, "copy");
	cpSync(centre.data, copy, { recursive: true });
	await centre.startAgain();
	for (let at = 20; at < 50; at++) await edge.read([at, 0, 0]);
	await stored(centre, 150);
	await until(
		async () => edge.uplink.status().backlogRows,
		(rows) => rows === 0,
		{ what: "confirmed" },
	);
	await centre.server.stop();
	rmSync(centre.data, { recursive: true });
	cpSync(copy, centre.data, { recursive: true });
	await centre.startAgain();
	await edge.read([50, 0, 0]);
	await stored(centre, 153);
	expect(await valuesOf(centre, "plant/line-1/press/a")).toEqual(Array.from({ length: 51 }, (_, at) => at));
}, 60_000);
