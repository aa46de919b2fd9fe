import { connect } from "node:net";
import { createClock } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import type { Response } from "./pdu.ts";
import { connectTcp } from "./tcp-client.ts";
import { type AnswerFault, createModbusServer, type ModbusServerOptions } from "./tcp-server.ts";
import { unitOf } from "./unit-memory.ts";

async function serverForTest(options: Partial<ModbusServerOptions> = {}) {
	const holding = new Uint16Array(50).map((_, i) => i);
	const server = createModbusServer({ clock: createClock(), units: new Map([[1, { holding }]]), ...options });
	const port = await server.listen();
	const losses: Error[] = [];
	const dial = () =>
		connectTcp({
			host: "127.0.0.1",
			port,
			connectTimeoutMs: 1000,
			clock: createClock(),
			signal: new AbortController().signal,
			lost: (reason) => losses.push(reason),
		});
	onTestFinished(() => server.close());
	return { server, port, holding, dial, losses };
}

test("the standard's exceptions: function 1, address 2, quantity 3, unknown unit 11", () => {
	const unit = unitOf({ holding: new Uint16Array(10), isMissing: (_, address) => address === 5 });
	const refusal = (response: Response) => ("exception" in response ? response.exception : undefined);
	expect(refusal(unit({ code: 3, start: 0, quantity: 5 }))).toBeUndefined();
	expect(refusal(unit({ code: 3, start: 0, quantity: 6 }))).toBe(2);
	expect(refusal(unit({ code: 3, start: 9, quantity: 2 }))).toBe(2);
	expect(refusal(unit({ code: 4, start: 0, quantity: 1 }))).toBe(1);
	expect(refusal(unit({ code: 43, level: 1, object: 0 }))).toBe(1);
});

test("a unit that is not there answers as a gateway does", async () => {
	const { dial } = await serverForTest();
	const client = await dial();
	expect(await client.request(9, { code: 3, start: 0, quantity: 1 })).toEqual({ code: 3, exception: 11 });
	client.close();
});

test("mask write and read-write do what the standard's examples say", () => {
	const holding = new Uint16Array(10);
	const unit = unitOf({ holding });
	holding[4] = 0x12;
	// Source: Modbus Application Protocol V1.1b3 §6.16: 0x12, AND 0xF2, OR 0x25 gives 0x17.
	unit({ code: 22, start: 4, and: 0xf2, or: 0x25 });
	expect(holding[4]).toBe(0x17);
	const answer = unit({ code: 23, start: 3, quantity: 2, writeStart: 3, data: Uint8Array.of(0, 9) });
	expect(answer).toEqual({ code: 23, data: Uint8Array.of(0, 9, 0, 0x17) });
});

test("identification is told in pieces that fit", () => {
	const identification: Record<number, string> = { 0: "Millwright", 1: "SIM", 2: "1.0", 4: "P".repeat(200), 5: "M".repeat(100) };
	const unit = unitOf({ identification });
	const told: Record<number, string> = {};
	let object = 0;
	for (let more = true; more; ) {
		const answer = unit({ code: 43, level: 2, object });
		if (!("objects" in answer)) throw new Error("no identification");
		for (const entry of answer.objects) told[entry.object] = entry.text;
		more = answer.more;
		object = answer.next;
	}
	expect(told).toEqual(identification);
	expect(unit({ code: 43, level: 4, object: 1 })).toMatchObject({ objects: [{ object: 1, text: "SIM" }] });
});

test("stale transaction ids, other units and silence never become somebody's value", async () => {
	const faults: AnswerFault[] = [{ transaction: 7 }, { unit: 2 }, { drop: true }];
	const { dial, losses } = await serverForTest({ beforeAnswer: () => faults.shift() });
	const client = await dial();
	const giveUp = new AbortController();
	const reads = [0, 1, 2].map((start) => client.request(1, { code: 3, start, quantity: 1 }, giveUp.signal));
	const settled = Promise.allSettled(reads);
	// After the first of them nothing that is under way is believed.
	await expect.poll(() => client.figures.unknown + client.figures.late + client.figures.foreign).toBe(2);
	giveUp.abort(new Error("timeout"));
	expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
	expect(client.figures.answered).toBe(0);
	expect(losses).toEqual([]);
	client.close();
});

test("a truncated answer followed by another breaks the stream instead of mixing both", async () => {
	const faults: (AnswerFault | undefined)[] = [{ truncate: 9 }];
	const { dial, losses } = await serverForTest({ beforeAnswer: () => faults.shift() });
	const client = await dial();
	const reads = [3, 4, 5, 6].map((start) => client.request(1, { code: 3, start, quantity: 1 }));
	const settled = await Promise.allSettled(reads);
	// The first bytes of the second answer complete the first; what follows is not a frame.
	expect(settled[0]?.status === "fulfilled" && settled[0].value).not.toEqual({ code: 3, data: Uint8Array.of(0, 3) });
	expect(settled.slice(1).every(({ status }) => status === "rejected")).toBe(true);
	expect(losses.length).toBe(1);
});

test("a delayed answer waits for its time", async () => {
	const clock = createFakeClock();
	const { dial } = await serverForTest({ clock, beforeAnswer: () => ({ delayMs: 500 }) });
	const client = await dial();
	let answered = false;
	const reading = client.request(1, { code: 3, start: 7, quantity: 1 }).then((response) => {
		answered = true;
		return response;
	});
	await expect
		.poll(async () => {
			await clock.advance(100);
			return answered;
		})
		.toBe(true);
	expect(await reading).toEqual({ code: 3, data: Uint8Array.of(0, 7) });
	client.close();
});

test("unplugged, the port is closed and sockets are gone; plugged in again, it serves", async () => {
	const { server, dial, losses } = await serverForTest();
	const before = await dial();
	await before.request(1, { code: 3, start: 0, quantity: 1 });
	expect(server.connections()).toMatchObject([{ asked: 1 }]);
	await server.unplug();
	await expect.poll(() => losses.length).toBe(1);
	await expect(dial()).rejects.toMatchObject({ code: "modbus.connect-failed" });
	await server.listen();
	const after = await dial();
	expect(await after.request(1, { code: 3, start: 2, quantity: 1 })).toEqual({ code: 3, data: Uint8Array.of(0, 2) });
	after.close();
});

test("frozen, sockets stay and nothing is answered; thawed, the answers come", async () => {
	const { server, dial, losses } = await serverForTest();
	const client = await dial();
	await client.request(1, { code: 3, start: 0, quantity: 1 });
	server.freeze();
	const other = await dial();
	let answered = 0;
	const reads = [client, other].map((each) => each.request(1, { code: 3, start: 1, quantity: 1 }).then(() => answered++));
	await expect.poll(() => client.figures.asked).toBe(2);
	expect(server.connections().length).toBe(2);
	expect(answered).toBe(0);
	server.thaw();
	await Promise.all(reads);
	expect(losses).toEqual([]);
	client.close();
	other.close();
});

test("garbage costs its sender the connection and nobody else anything", async () => {
	const { server, port, dial } = await serverForTest({ maxConnections: 8 });
	const client = await dial();
	await fc.assert(
		fc.asyncProperty(fc.uint8Array({ minLength: 8, maxLength: 400 }), async (bytes) => {
			bytes[2] = 0xee; // a protocol id that is none
			await new Promise<void>((resolve) => {
				const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
				socket.on("error", () => {});
				socket.on("close", () => resolve());
			});
			expect(await client.request(1, { code: 3, start: 4, quantity: 1 })).toEqual({ code: 3, data: Uint8Array.of(0, 4) });
		}),
		{ numRuns: 30 },
	);
	expect(server.figures.malformed).toBeGreaterThanOrEqual(30);
	client.close();
});
