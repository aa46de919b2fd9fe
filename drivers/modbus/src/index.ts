import { driver } from "@millwright/core";
import { Address, describe, span } from "./address.ts";
import { limits } from "./pdu.ts";
import { createSession } from "./session.ts";
import { Settings } from "./settings.ts";
import { connectTcp } from "./tcp-client.ts";
import { decode, orders } from "./values.ts";

/** Modbus TCP: blocks of registers and bits as raw values; scaling belongs to the pipeline. Source: Modbus Application Protocol V1.1b3. */
export default driver({
	name: "modbus",
	title: "Modbus TCP",
	settings: Settings,
	address: Address,
	describe,
	span,
	decode,
	orders,
	limits: {
		maxLength: {
			holding: limits.readRegisters,
			input: limits.readRegisters,
			coil: limits.readBits,
			discrete: limits.readBits,
		},
	},
	async open(settings, { clock, signal, lost }) {
		const client = await connectTcp({
			host: settings.host,
			port: settings.port,
			connectTimeoutMs: settings.connectTimeout,
			clock,
			signal,
			lost,
		});
		return createSession(client, settings);
	},
});
