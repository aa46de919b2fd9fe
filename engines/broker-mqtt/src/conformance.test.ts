import { createClock, silentLog } from "@millwright/runtime";
import { brokerSuite } from "@millwright/testkit/broker-suite";
import { test } from "vitest";
import { createMqttBroker } from "./broker.ts";
import { mosquittoProgram, startMosquitto } from "./testing/mosquitto.ts";

if (mosquittoProgram === undefined) test.skip("mosquitto is not installed (apt-get install mosquitto)", () => {});
else
	brokerSuite(
		async () => {
			const mosquitto = await startMosquitto();
			const broker = createMqttBroker({
				url: mosquitto.url,
				clientId: "millwright",
				queue: { messages: 1000, bytes: 1_000_000 },
				clock: createClock(),
				log: silentLog,
			});
			await broker.start();
			return {
				broker,
				url: mosquitto.url,
				async close() {
					await broker.stop();
					await mosquitto.stop();
				},
			};
		},
		{ knowsListeners: false, knowsClients: false },
	);
