import { writeFileSync } from "node:fs";
import { join } from "node:path";
import mqtt from "mqtt";
import { expect, test } from "vitest";
import { signIn, startServer, throwAwayFolder, until } from "../kit/platform.ts";
import { fixedPorts } from "../kit/ports.ts";

const count = 4000;
const kills = [700, 2000, 3100];
const atOnce = 300;

test("documents of QoS 1 are stored once each though the centre is killed under them and the client sends again what it must", async () => {
	const { folder, remove } = throwAwayFolder("centre-killed");
	const [mqttPort] = (await fixedPorts(1)) as [number];
	const config = join(folder, "millwright.yaml");
	writeFileSync(config, JSON.stringify({ http: { listen: { port: 0 } }, namespace: { mqtt: { listen: { port: mqttPort } } } }));
	const start = () => startServer({ config, data: join(folder, "data") });
	let server = await start();
	let session = await signIn(server.ready);
	const { secret } = await session.access.addKey({ name: "gateway", topics: { publish: ["udt/#"], subscribe: [] } });
	const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
		protocolVersion: 5,
		clientId: "gateway",
		username: "gateway",
		password: secret,
		clean: false,
		properties: { sessionExpiryInterval: 3600 },
		reconnectPeriod: 50,
	});
	client.on("error", () => {});
	const begin = Date.now() - count * 1000;
	let acknowledged = 0;
	const waiting = new Set<Promise<unknown>>();
	try {
		for (let seq = 0; seq < count; seq++) {
			const document = {
				timestamp: new Date(begin + seq * 1000).toISOString(),
				seq,
				source: { device_id: "gateway" },
				measurement: { name: "level", value: seq, unit: "mm", quality: "Good" },
			};
			const sent = client.publishAsync("udt/yard/tank/level", JSON.stringify(document), { qos: 1 }).then(() => {
				acknowledged++;
				waiting.delete(sent);
			});
			waiting.add(sent);
			if (kills.includes(seq)) {
				await server.kill();
				server = await start();
			}
			while (waiting.size >= atOnce) await Promise.race(waiting);
		}
		await Promise.all(waiting);
		expect(acknowledged).toBe(count);
		session = await signIn(server.ready);
		const read = () =>
			session.history.raw({ tag: "yard/tank/level", from: begin - 1, until: Date.now() + 60_000, limit: 2 * count });
		const { values } = await until(read, (series) => series.values.length >= count, { what: "every document stored" });
		expect([...values]).toEqual(Array.from({ length: count }, (_, seq) => seq));
	} finally {
		await client.endAsync(true);
		await server.stop();
		remove();
	}
}, 120_000);
