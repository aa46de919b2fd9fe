import type { BrokerRights } from "@millwright/core";
import { createClock, silentLog } from "@millwright/runtime";
import { createEmbeddedBroker, type EmbeddedBroker, type EmbeddedBrokerOptions } from "../broker.ts";

export const everything = (principal: string): BrokerRights => ({
	principal,
	mayPublish: () => true,
	maySubscribe: () => true,
	mayReceive: () => true,
});

/** A broker on a free port that admits everybody; stopped when the test leaves. */
export async function brokerForTest(
	options: Partial<EmbeddedBrokerOptions> = {},
): Promise<EmbeddedBroker & { [Symbol.asyncDispose](): Promise<void> }> {
	const broker = createEmbeddedBroker({
		listen: { host: "127.0.0.1", port: 0 },
		authenticate: async ({ username, clientId }) => everything(username ?? clientId),
		clock: createClock(),
		log: silentLog,
		...options,
	});
	await broker.start();
	return Object.assign(Object.create(broker, Object.getOwnPropertyDescriptors(broker)) as EmbeddedBroker, {
		[Symbol.asyncDispose]: () => broker.stop(),
	});
}
