import { type Clock, MillwrightError } from "@millwright/core";
import { createModbusServer, type ModbusServerOptions } from "@millwright/driver-modbus/server";
import type { NetworkAction, Target } from "./network.ts";

/** A Modbus TCP server whose wire can be cut, frozen, slowed or mixed up. */
export async function openModbusTarget(about: {
	name: string;
	port: number;
	units: ModbusServerOptions["units"];
	clock: Clock;
}): Promise<Target> {
	let wire: NetworkAction | "good" = "good";
	let delayMs = 0;
	const server = createModbusServer({
		clock: about.clock,
		port: about.port,
		units: about.units,
		beforeAnswer: ({ transaction }) => {
			if (wire === "slow") return { delayMs };
			// The answer to the question before: what a gateway with a stuck queue does.
			if (wire === "stale-ids") return { transaction: (transaction - 1) & 0xffff };
			return undefined;
		},
	});
	await server.listen();
	return {
		name: about.name,
		protocol: "modbus",
		get port() {
			return server.port;
		},
		get wire() {
			return wire;
		},
		async act(order) {
			if (order.action === "restart-new-ids")
				throw new MillwrightError("simulator.action-impossible", "Modbus has no node ids that could change", {
					kind: "input",
					hint: "Use it on process-cell.",
				});
			server.thaw();
			if (order.action === "cut") await server.unplug();
			else await server.listen();
			if (order.action === "half-open") server.freeze();
			delayMs = order.delayMs;
			wire = order.action === "restore" ? "good" : order.action;
		},
		close: () => server.close(),
	};
}
