import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClock, createLog } from "../../base/runtime/src/index.ts";
import { createEmbeddedBroker } from "../../engines/broker-embedded/src/index.ts";

/** The embedded broker with the product's default limits and its journal, alone in its process; prints its port. */
const folder = mkdtempSync(join(tmpdir(), "bench-broker-journal-"));
const broker = createEmbeddedBroker({
	listen: { host: "127.0.0.1", port: 0 },
	authenticate: async ({ clientId }) => ({
		principal: clientId,
		mayPublish: () => true,
		maySubscribe: () => true,
		mayReceive: () => true,
	}),
	folder,
	clock: createClock(),
	log: createLog({ level: "warn" }),
});
await broker.start();
process.once("SIGTERM", () => {
	void broker.stop().then(() => {
		rmSync(folder, { recursive: true, force: true });
		process.exit(0);
	});
});
console.log(JSON.stringify({ port: broker.port }));
