/** A broker in a process of its own that keeps its journal in the folder it is given; told by lines on stdin what happens to its disk. */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createClock, silentLog } from "@millwright/runtime";
import { createEmbeddedBroker } from "../broker.ts";
import { everything } from "./broker-for-test.ts";

const [folder = "", port = "0"] = process.argv.slice(2);
const ballast = join(folder, "ballast");
const broker = createEmbeddedBroker({
	listen: { host: "127.0.0.1", port: Number(port) },
	authenticate: async ({ clientId }) => everything(clientId),
	clock: createClock(),
	log: silentLog,
	folder,
});
await broker.start();

/** Everything that is left, to the last byte. */
function fillDisk(): void {
	const handle = openSync(ballast, "w");
	try {
		for (let size = 65_536; size >= 1; ) {
			try {
				writeSync(handle, Buffer.alloc(size));
			} catch {
				size >>= 1;
			}
		}
	} finally {
		closeSync(handle);
	}
}

const say = (): void =>
	void process.stdout.write(
		`${JSON.stringify({ port: broker.port, health: broker.part.health?.(), queued: broker.clients().map(({ id, queuedMessages }) => [id, queuedMessages]) })}\n`,
	);
say();
for await (const command of createInterface({ input: process.stdin })) {
	if (command === "fill") fillDisk();
	if (command === "free") rmSync(ballast);
	say();
}
await broker.stop();
