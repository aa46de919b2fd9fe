import { writeFileSync } from "node:fs";
import { join } from "node:path";
import mqtt from "mqtt";
import { expect, test } from "vitest";
import { mosquittoProgram, startMosquitto } from "../../engines/broker-mqtt/src/testing/mosquitto.ts";
import { signIn, startServer, throwAwayFolder, until } from "../kit/platform.ts";

if (mosquittoProgram === undefined) test.skip("mosquitto is not installed (apt-get install mosquitto)", () => {});

const document = (value: number, at: number) =>
	JSON.stringify({
		timestamp: new Date(at).toISOString(),
		seq: value,
		source: { device_id: "other-system" },
		measurement: { name: "level", value, unit: "mm", quality: "Good" },
	});

test.skipIf(mosquittoProgram === undefined)(
	"a bridge carries documents in through the gate and out below a prefix, survives a cut and is made and ended while running",
	async () => {
		const { folder, remove } = throwAwayFolder("bridge");
		const mosquitto = await startMosquitto();
		const config = join(folder, "millwright.yaml");
		const configure = (bridges: object[]) =>
			writeFileSync(
				config,
				JSON.stringify({ http: { listen: { port: 0 } }, namespace: { mqtt: { listen: { port: 0 } }, bridges } }, undefined, 1),
			);
		const up = {
			name: "up",
			url: mosquitto.url,
			out: [{ filter: "udt/#", prefix: "plant-a/" }],
			in: [{ filter: "udt/#" }, { filter: "orders/#" }],
		};
		configure([]);
		const server = await startServer({ config, data: join(folder, "data") });
		const far = await mqtt.connectAsync(mosquitto.url, { protocolVersion: 5, reconnectPeriod: 50 });
		const session = await signIn(server.ready);
		const { secret } = await session.access.addKey({ name: "near", topics: { publish: ["udt/#"], subscribe: ["#"] } });
		const near = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.ready.mqttPort}`, {
			protocolVersion: 5,
			username: "near",
			password: secret,
		});
		const bridges = async () => (await session.namespace.bridges({})).bridges;
		const isUp = (list: Awaited<ReturnType<typeof bridges>>) => list[0]?.state === "connected";
		try {
			expect(await bridges()).toEqual([]);
			configure([up]);
			await until(bridges, isUp, { what: "the bridge" });

			const heardFar: string[] = [];
			far.on("message", (topic) => heardFar.push(topic));
			await far.subscribeAsync("plant-a/#", { qos: 1 });
			const heardNear: string[] = [];
			near.on("message", (topic) => heardNear.push(topic));
			await near.subscribeAsync("#", { qos: 1 });
			const begin = Date.now() - 60_000;
			await far.publishAsync("udt/far/tank/level", document(1, begin), { qos: 1, retain: true });
			await far.publishAsync("udt/far/tank/level", "no document", { qos: 1 });
			await far.publishAsync("orders/7", "go", { qos: 1 });
			await near.publishAsync("udt/near/tank/level", document(1, begin), { qos: 1 });
			await until(
				async () => [heardFar, heardNear].map((list) => list.join()),
				([out, inside]) => out?.includes("plant-a/udt/near") === true && inside?.includes("orders/7") === true,
				{ what: "messages on both sides" },
			);
			const stored = (tag: string) => () => session.history.raw({ tag, from: 0, until: Date.now() + 60_000, limit: 1000 });
			await until(stored("far/tank/level"), ({ values }) => values.length === 1, { what: "the document of the other side" });
			await until(stored("near/tank/level"), ({ values }) => values.length === 1, { what: "our document" });
			expect((await session.namespace.deadLetters({})).letters).toMatchObject([{ client: "bridge:up", bytes: 11 }]);
			expect(heardFar).toEqual(["plant-a/udt/near/tank/level"]);
			expect(heardNear.filter((topic) => topic === "udt/far/tank/level")).toHaveLength(1);

			await mosquitto.kill();
			await until(bridges, ([one]) => one?.state === "away", { what: "the cut" });
			for (let i = 2; i < 52; i++) await near.publishAsync("udt/near/tank/level", document(i, begin + i), { qos: 1 });
			expect(await bridges()).toMatchObject([{ state: "away", waiting: 50, dropped: 0, reason: expect.any(String) }]);
			await mosquitto.start();
			await until(bridges, ([one]) => one?.state === "connected" && one.waiting === 0, { what: "the bridge after the cut" });
			expect(await bridges()).toMatchObject([{ forwardedOut: 51, forwardedIn: 2, dropped: 0, refused: 1 }]);

			configure([]);
			await until(bridges, (list) => list.length === 0, { what: "the end of the bridge" });
		} finally {
			await near.endAsync(true);
			await far.endAsync(true);
			await server.stop();
			await mosquitto.stop();
			remove();
		}
	},
	120_000,
);
