import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import mqtt from "mqtt";
import { expect, test } from "vitest";
import { loadConfig } from "../../apps/simulator/src/load-config.ts";
import { mosquittoProgram, startMosquitto } from "../../engines/broker-mqtt/src/testing/mosquitto.ts";
import { smallLoad } from "../faults/factory.ts";
import { startLoadPlant } from "../kit/load-plant.ts";
import { signIn, startServer, throwAwayFolder, until } from "../kit/platform.ts";

const withMosquitto = test.skipIf(mosquittoProgram === undefined);
if (mosquittoProgram === undefined) test.skip("mosquitto is not installed (apt-get install mosquitto)", () => {});

/** As it stands in a configuration file. */
const secret = (name: string) => `$\{env:MILLWRIGHT_SECRET_${name}}`;

const document = (value: number, at: number) =>
	JSON.stringify({
		timestamp: new Date(at).toISOString(),
		seq: value,
		source: { device_id: "other-system" },
		measurement: { name: "level", value, unit: "mm", quality: "Good" },
	});

withMosquitto(
	"the whole plant lives on a broker outside: its values stand there, what others publish is stored once, over its restarts too",
	async () => {
		const { folder, remove } = throwAwayFolder("outside");
		const mosquitto = await startMosquitto(["allow_anonymous false", `password_file ${passwordFile(folder)}`]);
		const plant = await startLoadPlant({ shape: smallLoad, folder: join(folder, "plant") });
		const config = join(folder, "millwright.yaml");
		const { sense, twin } = loadConfig(plant.ports, smallLoad);
		writeFileSync(
			config,
			JSON.stringify({
				http: { listen: { port: 0 } },
				namespace: {
					broker: { kind: "mqtt", url: mosquitto.url, username: "mill", password: secret("BROKER") },
				},
				sense,
				twin,
			}),
		);
		const start = () => startServer({ config, data: join(folder, "data"), env: { MILLWRIGHT_SECRET_BROKER: "grist" } });
		let server = await start();
		const far = await mqtt.connectAsync(mosquitto.url, {
			protocolVersion: 5,
			username: "mill",
			password: "grist",
			reconnectPeriod: 50,
		});
		try {
			expect(server.ready.mqttPort).toBeNull();
			let session = await signIn(server.ready);
			const heard = new Map<string, string>();
			far.on("message", (topic, payload) => heard.set(topic, payload.toString()));
			await far.subscribeAsync("udt/#", { qos: 1 });
			const measured = async () => [...heard].find(([topic]) => topic.startsWith("udt/northworks/load/"))?.[1];
			const isThere = (payload: string | undefined) => payload?.includes('"Good"') === true;
			const payload = await until(measured, isThere, { what: "a good value on the broker outside" });
			expect(JSON.parse(payload ?? "")).toMatchObject({ measurement: { quality: "Good" }, seq: expect.any(Number) });

			const begin = Date.now() - 60_000;
			const tag = "yard/tank-1/level";
			const read = () => session.history.raw({ tag, from: begin - 1, until: Date.now() + 60_000, limit: 1000 });
			for (let i = 0; i < 3; i++) await far.publishAsync(`udt/${tag}`, document(i, begin + i * 1000), { qos: 1, retain: true });
			await far.publishAsync(`udt/${tag}`, "no document", { qos: 1 });
			await until(read, ({ values }) => values.length === 3, { what: "the documents in the history" });
			expect((await session.namespace.deadLetters({})).letters).toMatchObject([{ code: "namespace.payload-not-json" }]);

			await mosquitto.kill();
			await until(
				() =>
					fetch(`${session.url}/api/platform/health`, { headers: { cookie: session.cookie } }).then((answer) => answer.text()),
				(text) => text.includes("away since"),
				{ what: "health that tells since when the broker is away" },
			);
			await mosquitto.start();
			heard.clear();
			await until(measured, isThere, { what: "values on the broker that came back" });
			await far.publishAsync(`udt/${tag}`, document(3, begin + 3000), { qos: 1, retain: true });
			await until(read, ({ values }) => values.length === 4, { what: "the document after the outage" });

			// What the broker has kept is no news to a server that starts again.
			await server.stop();
			await far.publishAsync(`udt/${tag}`, document(4, begin + 4000), { qos: 1, retain: true });
			server = await start();
			session = await signIn(server.ready);
			await until(read, ({ values }) => values.length === 5, { what: "the document of the time in between" });
			await far.publishAsync(`udt/${tag}`, document(5, begin + 5000), { qos: 1, retain: true });
			const { values } = await until(read, (one) => one.values.includes(5), { what: "the last document" });
			expect([...values]).toEqual([0, 1, 2, 3, 4, 5]);
			expect((await session.namespace.deadLetters({})).letters).toEqual([]);

			await server.kill();
			server = await start();
			session = await signIn(server.ready);
			await far.publishAsync(`udt/${tag}`, document(6, begin + 6000), { qos: 1 });
			const { values: after } = await until(read, (one) => one.values.includes(6), { what: "the document after the crash" });
			expect([...after]).toEqual([0, 1, 2, 3, 4, 5, 6]);
		} finally {
			await far.endAsync(true);
			await server.stop();
			await plant.stop();
			await mosquitto.stop();
			remove();
		}
	},
	120_000,
);

/** User mill, password grist. */
function passwordFile(folder: string): string {
	const file = join(folder, "passwords");
	spawnSync("mosquitto_passwd", ["-b", "-c", file, "mill", "grist"]);
	return file;
}
