import { createServer, type Socket } from "node:net";
import type { MillwrightError } from "@millwright/core";
import { createClock } from "@millwright/runtime";
import { expect, onTestFinished, test } from "vitest";
import { BrokenStream, createFrameSplitter, encodeFrame, type Frame } from "./mbap.ts";
import { connectTcp, type TcpClient } from "./tcp-client.ts";

/** A peer of which every byte is chosen by the test. */
async function rawPeer(firstTransaction?: number) {
	const asked: Frame[] = [];
	let wake: () => void = () => {};
	const sockets: Socket[] = [];
	const server = createServer((socket) => {
		sockets.push(socket);
		socket.on("error", () => {});
		const splitter = createFrameSplitter((frame) => {
			asked.push(frame);
			wake();
		});
		socket.on("data", (chunk) => splitter.push(chunk));
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const bound = server.address();
	if (!bound || typeof bound === "string") throw new Error("no port");
	const losses: Error[] = [];
	const client: TcpClient = await connectTcp({
		host: "127.0.0.1",
		port: bound.port,
		connectTimeoutMs: 1000,
		clock: createClock(),
		signal: new AbortController().signal,
		lost: (reason) => losses.push(reason),
		...(firstTransaction === undefined ? {} : { firstTransaction }),
	});
	onTestFinished(async () => {
		client.close();
		for (const socket of sockets) socket.destroy();
		await new Promise((resolve) => server.close(resolve));
	});
	return {
		client,
		losses,
		asked,
		socket: () => sockets[0] as Socket,
		/** The nth request, once it has arrived. */
		async request(n: number): Promise<Frame> {
			while (asked.length <= n)
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			return asked[n] as Frame;
		},
		answer(transaction: number, value: number, about: Partial<Frame> = {}) {
			sockets[0]?.write(encodeFrame({ transaction, unit: 1, pdu: Uint8Array.of(3, 2, value >> 8, value & 255), ...about }));
		},
	};
}

const read = (client: TcpClient, signal?: AbortSignal) => client.request(1, { code: 3, start: 0, quantity: 1 }, signal);
const holding = (value: number) => ({ code: 3, data: Uint8Array.of(value >> 8, value & 255) });

test("answers out of order reach the requests they belong to", async () => {
	const peer = await rawPeer();
	const first = read(peer.client);
	const second = read(peer.client);
	const [a, b] = [await peer.request(0), await peer.request(1)];
	peer.answer(b.transaction, 2);
	peer.answer(a.transaction, 1);
	expect(await first).toEqual(holding(1));
	expect(await second).toEqual(holding(2));
});

test("a late answer is dropped and counted, never given to the next request", async () => {
	const peer = await rawPeer();
	const giveUp = new AbortController();
	const first = read(peer.client, giveUp.signal);
	const { transaction } = await peer.request(0);
	const reason = new Error("timeout");
	giveUp.abort(reason);
	await expect(first).rejects.toBe(reason);
	const second = read(peer.client);
	const later = await peer.request(1);
	expect(later.transaction).not.toBe(transaction);
	peer.answer(transaction, 1);
	peer.answer(later.transaction, 2);
	expect(await second).toEqual(holding(2));
	expect(peer.client.figures).toMatchObject({ late: 1, unknown: 0, answered: 1 });
});

test("answers nobody asked for, of another unit or another function, match nothing", async () => {
	const peer = await rawPeer(100);
	const reading = read(peer.client);
	await peer.request(0);
	peer.answer(99, 7);
	peer.answer(100, 8, { unit: 2 });
	peer.answer(100, 9, { pdu: Uint8Array.of(4, 2, 0, 9) });
	peer.answer(100, 5);
	expect(await reading).toEqual(holding(5));
	expect(peer.client.figures).toMatchObject({ unknown: 1, foreign: 2, answered: 1, malformed: 0 });
});

test("with answers mixed up, requests go one at a time until a hundred were right, and no value reaches another request", async () => {
	const peer = await rawPeer(100);
	const several = Promise.allSettled([read(peer.client), read(peer.client), read(peer.client)]);
	await peer.request(2);
	// Each answer bears the id of the request before.
	for (const transaction of [100, 101, 102]) peer.answer(transaction - 1, transaction);
	expect((await several).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
	expect(peer.client.figures).toMatchObject({ unknown: 1, doubted: 3, answered: 0 });

	for (let n = 3; n < 103; n += 2) {
		const pair = Promise.all([read(peer.client), read(peer.client)]);
		peer.answer((await peer.request(n)).transaction, n);
		expect(peer.asked.length).toBe(n + 1);
		peer.answer((await peer.request(n + 1)).transaction, n + 1);
		expect(await pair).toEqual([holding(n), holding(n + 1)]);
	}
	const together = Promise.all([read(peer.client), read(peer.client)]);
	await peer.request(104);
	for (const n of [104, 103]) peer.answer((await peer.request(n)).transaction, n);
	expect(await together).toEqual([holding(103), holding(104)]);
});

test("requests that wait their turn end with the connection, or when they are given up", async () => {
	const peer = await rawPeer(100);
	const first = read(peer.client);
	await peer.request(0);
	peer.answer(7, 1);
	await expect.poll(() => peer.client.figures.unknown).toBe(1);
	const giveUp = new AbortController();
	const second = read(peer.client, giveUp.signal);
	const third = read(peer.client);
	giveUp.abort(new Error("timeout"));
	await expect(second).rejects.toThrow("timeout");
	const ended = Promise.allSettled([first, third]);
	peer.socket().destroy();
	expect((await ended).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
	expect(peer.asked.length).toBe(1);
});

test("transaction ids wrap, and skip those in flight and those given up", async () => {
	const peer = await rawPeer(0xffff);
	const waiting = read(peer.client);
	expect((await peer.request(0)).transaction).toBe(0xffff);
	const giveUp = new AbortController();
	const given = read(peer.client, giveUp.signal);
	expect((await peer.request(1)).transaction).toBe(0);
	giveUp.abort(new Error("timeout"));
	await expect(given).rejects.toThrow("timeout");
	for (let n = 2; n <= 0x10000; n++) {
		const reading = read(peer.client);
		const { transaction } = await peer.request(n);
		expect(transaction).not.toBe(0xffff);
		expect(transaction).not.toBe(0);
		peer.answer(transaction, n & 0xffff);
		await reading;
	}
	peer.answer(0xffff, 1234);
	expect(await waiting).toEqual(holding(1234));
});

test("an answer with the wrong amount of data fails that request alone", async () => {
	const peer = await rawPeer();
	const reading = read(peer.client);
	const { transaction } = await peer.request(0);
	peer.answer(transaction, 0, { pdu: Uint8Array.of(3, 4, 0, 0, 0, 0) });
	await expect(reading).rejects.toMatchObject({ code: "modbus.pdu-malformed" });
	const next = read(peer.client);
	peer.answer((await peer.request(1)).transaction, 6);
	expect(await next).toEqual(holding(6));
	expect(peer.losses).toEqual([]);
});

test("a stream that is not Modbus TCP ends the connection with the reason", async () => {
	const peer = await rawPeer();
	const reading = read(peer.client);
	await peer.request(0);
	peer.socket().write("HTTP/1.1 400 Bad Request\r\n\r\n");
	await expect(reading).rejects.toBeInstanceOf(BrokenStream);
	expect(peer.losses.length).toBe(1);
	await expect(read(peer.client)).rejects.toBeInstanceOf(BrokenStream);
});

test("a peer that closes is a loss, and everything pending fails with it", async () => {
	const peer = await rawPeer();
	const reading = read(peer.client);
	await peer.request(0);
	peer.socket().end();
	await expect(reading).rejects.toMatchObject({ code: "modbus.connection-lost", kind: "outage" });
	expect(peer.losses.length).toBe(1);
});

test("requests pile up only so far before a frozen peer", async () => {
	const peer = await rawPeer();
	const reads = Array.from({ length: 1100 }, () => read(peer.client));
	const settled = Promise.allSettled(reads);
	await expect(reads.at(-1)).rejects.toMatchObject({ code: "modbus.too-many-requests", kind: "busy" });
	peer.client.close();
	expect((await settled).every(({ status }) => status === "rejected")).toBe(true);
});

test("an unknown host is told apart from a closed port", async () => {
	const open = (host: string, port: number) =>
		connectTcp({
			host,
			port,
			connectTimeoutMs: 3000,
			clock: createClock(),
			signal: new AbortController().signal,
			lost: () => {},
		});
	const refused = await open("127.0.0.1", 1).catch((error: unknown) => error as MillwrightError);
	expect(refused).toMatchObject({ code: "modbus.connect-failed", place: "127.0.0.1:1" });
	expect((refused as MillwrightError).message).toContain("Nothing listens");
	const unknown = await open("no-such-host.invalid", 502).catch((error: unknown) => error as MillwrightError);
	expect((unknown as MillwrightError).message).not.toContain("Nothing listens");
});
