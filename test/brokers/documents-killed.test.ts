import { writeFileSync } from "node:fs";
import { join } from "node:path";
import mqtt from "mqtt";
import { expect, test } from "vitest";
import { seeded } from "../faults/seeded.ts";
import { signIn, startServer, throwAwayFolder, until } from "../kit/platform.ts";

const document = (value: number, at: number) =>
	JSON.stringify({
		timestamp: new Date(at).toISOString(),
		seq: value,
		source: { device_id: "other-system" },
		measurement: { name: "level", value, unit: "mm", quality: "Good" },
	});

const kills = 3;
const underWay = 60;

test("a document of another system that was acknowledged is stored, whenever the server is killed; nothing is stored twice", async () => {
	const random = seeded(11);
	const { folder, remove } = throwAwayFolder("documents");
	const config = join(folder, "millwright.yaml");
	writeFileSync(config, JSON.stringify({ http: { listen: { port: 0 } }, namespace: { mqtt: { listen: { port: 0 } } } }));
	const start = () => startServer({ config, data: join(folder, "data") });
	let server = await start();
	try {
		let session = await signIn(server.ready);
		const key = { name: "documents", topics: { publish: ["udt/yard/#"], subscribe: [] } };
		const { secret } = await session.access.addKey(key);
		const begin = Date.now() - 3_600_000;
		const acknowledged = new Set<number>();
		let next = 0;
		for (let round = 0; round <= kills; round++) {
			const enough = next + 300 + random() * 1200;
			const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.ready.mqttPort}`, {
				protocolVersion: 5,
				username: key.name,
				password: secret,
				reconnectPeriod: 0,
			});
			client.on("error", () => {});
			const publishing = async (): Promise<void> => {
				while (next < enough && client.connected) {
					const value = next++;
					const topic = `udt/yard/tank-${value % 5}/level`;
					await client.publishAsync(topic, document(value, begin + value * 10), { qos: value % 3 === 0 ? 2 : 1 });
					acknowledged.add(value);
				}
			};
			const all = Array.from({ length: underWay }, () => publishing().catch(() => {}));
			if (round < kills) {
				const enoughForKill = acknowledged.size + 200 + random() * 600;
				while (acknowledged.size < enoughForKill && next < enough) await new Promise((resolve) => setImmediate(resolve));
				await server.kill();
				client.end(true);
				server = await start();
				session = await signIn(server.ready);
			} else {
				await Promise.all(all);
				await client.endAsync(true);
			}
		}
		const stored = async (): Promise<number[]> => {
			const found: number[] = [];
			for (let tank = 0; tank < 5; tank++) {
				const { values } = await session.history.raw({
					tag: `yard/tank-${tank}/level`,
					from: begin - 1,
					until: Date.now() + 60_000,
					limit: 50_000,
				});
				found.push(...values.map(Number));
			}
			return found;
		};
		const missing = (found: readonly number[]): number[] => {
			const kept = new Set(found);
			return [...acknowledged].filter((value) => !kept.has(value));
		};
		const found = await until(stored, (values) => missing(values).length === 0, { what: "all that was acknowledged" }).catch(
			stored,
		);
		expect(missing(found)).toEqual([]);
		expect(found).toHaveLength(new Set(found).size);
		expect(acknowledged.size).toBeGreaterThan(1000);
	} finally {
		await server.stop();
		remove();
	}
}, 240_000);
