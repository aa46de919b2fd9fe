import { connect } from "node:net";
import { masked, openLiveSocket } from "../kit/live-socket.ts";
import { until } from "../kit/platform.ts";
import type { Factory } from "./factory.ts";
import type { HostileMachine } from "./hostile-machines.ts";
import { mqttKey } from "./mqtt-client.ts";
import { type Outcome, settle } from "./outcome.ts";
import { randomBytes, seeded } from "./seeded.ts";

/** Seeded nonsense on every open port, from strangers and from clients that were let in, and from two machines that are read. */
export async function garbage(
	factory: Factory,
	{ count, seed, machine }: { count: number; seed: number; machine: HostileMachine },
): Promise<Outcome> {
	await factory.good();
	const random = seeded(seed);
	const { secret } = await mqttKey(factory, `garbage-${Date.now()}`);
	const { mqttPort, httpPort } = factory;
	const bytes = () => randomBytes(random, 1 + Math.floor(random() * 2000));
	const throwAt: (() => Promise<void>)[] = [
		() => throwBytes(mqttPort, bytes()),
		() => throwBytes(mqttPort, Buffer.concat([mqttHello(secret), bytes()])),
		() => throwBytes(mqttPort, Buffer.concat([mqttHello(secret), almostPublish(random)])),
		() => throwBytes(httpPort, bytes()),
		() =>
			throwBytes(
				httpPort,
				Buffer.concat([
					Buffer.from(
						"POST /api/access/sign-in HTTP/1.1\r\nhost: a\r\nx-millwright: 1\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n",
					),
					bytes(),
				]),
			),
		() =>
			throwBytes(
				httpPort,
				Buffer.from(
					`GET /api/history/raw?${bytes()
						.toString("latin1")
						.replaceAll(/[^!-~]/g, "%")} HTTP/1.1\r\nhost: a\r\n\r\n`,
				),
			),
		() => throwFrames(factory, "/api/live", "", bytes()),
		() => throwFrames(factory, "/api/live", "", masked(1, bytes())),
		() => throwFrames(factory, "/mqtt", "mqtt", masked(2, bytes())),
	];
	for (let round = 0; round < count; round++) await (throwAt[round % throwAt.length] as () => Promise<void>)();
	await until(
		async () => machine.answers,
		(answers) => answers > 100,
		{ what: "machines that answered nonsense" },
	);
	await factory.good();
	return settle(factory, { thrown: count, nonsenseAnswers: machine.answers });
}

/** Gone when the other side has closed, or once it has had the time of an answer and keeps waiting for more. */
function throwBytes(port: number, bytes: Buffer): Promise<void> {
	return new Promise((resolve) => {
		const socket = connect({ port, host: "127.0.0.1" });
		socket.on("connect", () => socket.end(bytes));
		socket.on("data", () => {});
		socket.on("error", () => {});
		socket.on("close", () => resolve());
		socket.setTimeout(500, () => socket.destroy());
	});
}

async function throwFrames({ url, session }: Factory, path: string, protocol: string, bytes: Buffer): Promise<void> {
	const live = await openLiveSocket(url, { cookie: session.cookie, path, protocol });
	live.raw(bytes);
	await new Promise<void>((resolve) => {
		live.socket.on("close", () => resolve());
		live.socket.setTimeout(500, () => live.socket.destroy());
	});
}

/** MQTT 3.1.1 CONNECT with user and key. Source: MQTT 3.1.1 §3.1. */
function mqttHello(secret: string): Buffer {
	const text = (value: string) => Buffer.concat([Buffer.from([value.length >> 8, value.length & 0xff]), Buffer.from(value)]);
	const body = Buffer.concat([text("MQTT"), Buffer.from([4, 0b0100_0010, 0, 30]), text("garbage"), text(secret)]);
	return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

/** A PUBLISH below the root whose payload is nonsense, its header now and then wrong. */
function almostPublish(random: () => number): Buffer {
	const topic = Buffer.from(`udt/faults/noise-${Math.floor(random() * 3)}`);
	const payload = randomBytes(random, Math.floor(random() * 60));
	const body = Buffer.concat([Buffer.from([0, topic.length]), topic, payload]);
	const frame = Buffer.concat([Buffer.from([0x30, body.length]), body]);
	if (random() < 0.5) frame[Math.floor(random() * 6)] = Math.floor(random() * 256);
	return frame;
}
