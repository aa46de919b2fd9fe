import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openForTest } from "./peer-for-test.ts";

/** A message head of OPC UA. Source: OPC UA Part 6 §7.1.2.2: type, chunk, length of the whole. */
function head(type: string, length: number, body = Buffer.alloc(0)): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.write(type, "latin1");
	bytes.writeUInt32LE(length, 4);
	return Buffer.concat([bytes, body]);
}

/** Answers everything with these bytes. */
async function machineSaying(bytes: Buffer): Promise<string> {
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		sockets.add(socket);
		socket.on("error", () => {});
		socket.on("data", () => socket.write(bytes));
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	onTestFinished(() => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	return `opc.tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.each([
	[
		"nonsense behind a message that ended the connection",
		Buffer.concat([head("ERRF", 16, Buffer.alloc(8)), head("MSGF", 0x5196_8ee8)]),
	],
	[
		"nonsense behind an acknowledgement that is none",
		Buffer.concat([head("ACKF", 28, Buffer.alloc(20, 7)), head("MSGF", 0x0e07_0605)]),
	],
	["a message longer than any", head("ACKF", 0x7fff_ffff)],
	["no OPC UA at all", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
])("a machine that answers with %s refuses the attempt and harms nothing else", async (_what, bytes) => {
	const folder = await mkdtemp(join(tmpdir(), "millwright-opcua-nonsense-"));
	onTestFinished(() => rm(folder, { recursive: true, force: true }));
	const endpoint = await machineSaying(bytes);
	// An error that escapes to the process fails the whole run.
	await expect(openForTest({ endpoint, security: "None", connectTimeout: 3000 }, { folder })).rejects.toThrow(endpoint);
});
