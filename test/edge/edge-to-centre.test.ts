import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@millwright/core";
import { namespaceApi } from "@millwright/namespace/api";
import { afterEach, expect, test } from "vitest";
import { loadConfig } from "../../apps/simulator/src/load-config.ts";
import { startLoadPlant } from "../kit/load-plant.ts";
import { type Session, signIn, startServer, throwAwayFolder, until } from "../kit/platform.ts";
import { root, startProgram } from "../kit/processes.ts";

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

const shape = { modbusConnections: 2, registersPerConnection: 20, opcuaTags: 0, rate: 10, counting: "reads" as const };
const gateway = "line-1";

interface EdgeReady {
	pid: number;
	mqttPort: number | null;
}

/** Every stored good value of every tag: registers count their own answers. */
async function countersOf(session: Session): Promise<{ tags: number; twice: number; back: number }> {
	const sum = { tags: 0, twice: 0, back: 0 };
	for (let machine = 1; machine <= shape.modbusConnections; machine++)
		for (let counter = 1; counter <= shape.registersPerConnection; counter++) {
			const tag = `northworks/load/load-${machine}/counter-${counter}`;
			const series = await session.history.raw({ tag, from: 0, until: Date.now() + 60_000, limit: 1_000_000 });
			const good = series.values.filter((value, row) => value !== null && series.quality[row] === 0) as number[];
			if (good.length > 0) sum.tags++;
			for (const [at, value] of good.entries()) {
				if (at > 0 && value === good[at - 1]) sum.twice++;
				if (at > 0 && value < (good[at - 1] as number)) sum.back++;
			}
		}
	return sum;
}

test("an edge that is ended in order, killed and started again, and a centre that is killed: what was sent is stored, once", async () => {
	const { folder, remove } = throwAwayFolder("edge-to-centre");
	closing.push(remove);
	const plant = await startLoadPlant({ shape, folder: join(folder, "plant") });
	closing.push(() => plant.stop());
	const config = join(folder, "millwright.yaml");
	const mqttPort = 20_000 + (process.pid % 20_000);
	writeFileSync(config, JSON.stringify({ http: { listen: { port: 0 } }, namespace: { mqtt: { listen: { port: mqttPort } } } }));
	const startCentre = () => startServer({ config, data: join(folder, "centre") });
	let centre = await startCentre();
	closing.push(() => centre.stop());
	let session = await signIn(centre.ready);
	const withCookie: typeof fetch = (input, init) =>
		fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), cookie: session.cookie } });
	const namespace = createClient("namespace", namespaceApi, { baseUrl: session.url, fetch: withCookie });
	const { key } = await namespace.admitGateway({ gateway, title: "Line 1", paths: ["northworks/load"] });

	const edgeFile = join(folder, "edge.yaml");
	const reference = `\${env:MILLWRIGHT_SECRET_UPLINK}`;
	writeFileSync(
		edgeFile,
		JSON.stringify({
			sense: loadConfig(plant.ports, shape).sense,
			uplink: { centre: { url: `mqtt://127.0.0.1:${mqttPort}`, gateway, key: reference } },
		}),
	);
	const startEdge = () =>
		startProgram<EdgeReady>(
			join(root, "apps/edge/src/main.ts"),
			["--config", edgeFile, "--data", join(folder, "edge"), "--ready-json"],
			{ env: { MILLWRIGHT_SECRET_UPLINK: key } },
		);
	let edge = await startEdge();
	closing.push(() => edge.stop());

	const stored = async () => {
		const { connections } = await session.sense.ledger({});
		return [1, 2].map((machine) => connections[`${gateway}/load-${machine}`]?.stored ?? 0);
	};
	const more = async (what: string) => {
		const before = await stored();
		await until(stored, (now) => now.every((count, at) => count > (before[at] as number) + 200), { what, withinMs: 60_000 });
	};
	await more("values at the centre");
	await edge.stop();
	expect(edge.errors()).not.toMatch(/escaped its part|nobody listened/);
	edge = await startEdge();
	await more("values after an orderly end of the edge");
	await edge.kill();
	edge = await startEdge();
	await more("values after the edge was killed");
	await centre.kill();
	centre = await startCentre();
	session = await signIn(centre.ready);
	await more("values after the centre was killed");

	for (const target of plant.targets) await plant.network(target, "cut");
	const even = await until(
		async () => (await session.sense.ledger({})).connections,
		(all) =>
			[1, 2].every((machine) => {
				const one = all[`${gateway}/load-${machine}`];
				// What the edge itself counts comes with its heartbeat.
				return (
					one !== undefined &&
					one.buffered === 0 &&
					one.sent === one.stored + one.expired &&
					one.read + one.made === one.sent + one.filtered + one.rejected
				);
			}),
		{ what: "sent = stored", withinMs: 60_000 },
	);
	for (const machine of [1, 2]) expect(even[`${gateway}/load-${machine}`]).toMatchObject({ expired: 0 });
	expect(await countersOf(session)).toEqual({ tags: 40, twice: 0, back: 0 });
}, 240_000);
