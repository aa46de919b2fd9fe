import { createClock, createLog } from "../../base/runtime/src/index.ts";
import { createEmbeddedBroker } from "../../engines/broker-embedded/src/index.ts";

/** The embedded broker with the product's default limits, alone in its process; prints its port. */
const broker = createEmbeddedBroker({
	listen: { host: "127.0.0.1", port: 0 },
	authenticate: async ({ clientId }) => ({
		principal: clientId,
		mayPublish: () => true,
		maySubscribe: () => true,
		mayReceive: () => true,
	}),
	clock: createClock(),
	log: createLog({ level: "warn" }),
});
await broker.start();
process.once("SIGTERM", () => void broker.stop().then(() => process.exit(0)));
console.log(JSON.stringify({ port: broker.port }));
