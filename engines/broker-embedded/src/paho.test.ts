import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { brokerForTest } from "./testing/broker-for-test.ts";

const python = fileURLToPath(new URL("../../../node_modules/.cache/millwright-peers/paho-mqtt/bin/python", import.meta.url));
const script = fileURLToPath(new URL("./testing/paho-user.py", import.meta.url));

if (!existsSync(python)) {
	console.warn("paho-mqtt is not installed (npm test installs it where it can): its test is skipped");
	test.skip("paho-mqtt is not installed", () => {});
} else
	for (const version of [4, 5])
		for (const durable of [false, true])
			test(`paho-mqtt of version ${version} is served${durable ? ", with a journal" : ""}: every QoS, a session, what is retained, what is shared`, async () => {
				const folder = mkdtempSync(join(tmpdir(), "broker-paho-"));
				await using broker = await brokerForTest(durable ? { folder } : {});
				const { stdout } = await promisify(execFile)(python, [script, String(broker.port), String(version)]);
				const said = Object.assign(
					{},
					...stdout
						.trim()
						.split("\n")
						.map((line) => JSON.parse(line) as object),
				) as Record<string, unknown>;
				expect(said).toMatchObject({
					live: [0, 1, 2].map((qos) => [`paho/${qos}`, `live ${qos}`, qos, false]),
					again: [0, 1, 2].map((qos) => [`paho/${qos}`, `again ${qos}`, qos, false]),
					present: true,
					queued: [
						["paho/queued", "queued 1", 1, false],
						["paho/queued", "queued 2", 2, false],
						["paho/kept", "kept", 2, false],
					],
					retained: ["paho/kept", "kept", 2, true],
				});
				const [one, two] = said.shared as [number[], number[]];
				expect([...one, ...two].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
				rmSync(folder, { recursive: true, force: true });
			}, 30_000);
