/** A ring at work on the disk it is given, told by lines on stdin what happens to that disk. Run by `full-disk.test.ts`. */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { SampleBatch } from "@millwright/core";
import { createBus, createClock, silentLog } from "@millwright/runtime";
import { samples } from "../api.ts";
import { createRing } from "./ring.ts";

const folder = process.argv[2] as string;
const ballast = join(folder, "ballast");
const bus = createBus({ log: silentLog });
const heard = { rows: 0, lost: 0, next: 0, isInOrder: true };
bus.receive(samples, "test", ({ first, last, length }: SampleBatch) => {
	if (first !== heard.next) heard.isInOrder = false;
	heard.next = last + 1;
	if (length > 0) heard.rows += length;
	else heard.lost += last - first + 1;
});
const ring = createRing({
	file: join(folder, "ring.db"),
	settings: { keep: 1e9, keepAcknowledged: 1e9, maxBytes: 1e9, group: 5 },
	bus,
	clock: createClock(),
	log: silentLog,
	mostWaitingRows: 20_000,
});
await ring.start();
const lane = ring.lane("press");
const reading = setInterval(() => {
	for (let i = 0; i < 40; i++) {
		lane.counts.read++;
		lane.add(1, BigInt(Date.now()) * 1_000_000n, Math.sin(lane.counts.read), 0);
		lane.settle();
	}
}, 2);

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

for await (const command of createInterface({ input: process.stdin })) {
	if (command === "fill") fillDisk();
	if (command === "free") rmSync(ballast);
	if (command === "rest") clearInterval(reading);
	if (command === "end") break;
	const { committed, expired, sent, written, counts } = lane;
	process.stdout.write(
		`${JSON.stringify({ health: ring.health(), waitingRows: ring.figures().waitingRows, heard, committed, expired, sent, written, read: counts.read })}\n`,
	);
}
clearInterval(reading);
await ring.stop();
