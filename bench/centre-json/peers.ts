import { join } from "node:path";
import { mosquittoProgram, startMosquitto } from "../../engines/broker-mqtt/src/testing/mosquitto.ts";
import { root, startProgram } from "../../test/kit/processes.ts";
import { rounded } from "../lib/report.ts";
import { generate } from "./generator.ts";
import type { LoadTask } from "./load-process.ts";

/** The same generator into brokers to which nobody listens: what is left when nothing is judged, stored or shown. */
export async function brokersAlone(task: Omit<LoadTask, "port" | "qos">): Promise<Record<string, unknown>> {
	const rate = async (port: number, qos: 0 | 1): Promise<number> => {
		const { sent, warm, acknowledgedMs } = await generate({ ...task, port, qos });
		return rounded((sent - warm) / (acknowledgedMs / 1000), 0);
	};
	const both = async (port: number) => ({
		qos0MessagesPerSecond: await rate(port, 0),
		qos1MessagesPerSecond: await rate(port, 1),
	});
	const broker = await startProgram<{ port: number }>(join(root, "bench/broker/broker-process.ts"), []);
	const embeddedAlone = await both(broker.ready.port).finally(() => broker.stop());
	if (mosquittoProgram === undefined) return { embeddedAlone };
	const mosquitto = await startMosquitto();
	return { embeddedAlone, mosquittoAlone: await both(mosquitto.port).finally(() => mosquitto.stop()) };
}
