import { connect, createServer, type Server, type Socket } from "node:net";
import { createClock } from "@millwright/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openWire, type Wire } from "./wire.ts";

const clock = createClock();
let echo: Server;
let wire: Wire;
const sockets: Socket[] = [];

beforeEach(async () => {
	echo = createServer((socket) => void socket.on("error", () => {}).pipe(socket));
	await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
	const bound = echo.address();
	wire = await openWire({ port: 0, serverPort: () => (bound && typeof bound === "object" ? bound.port : 0), clock });
});
afterEach(async () => {
	for (const socket of sockets.splice(0)) socket.destroy();
	await wire.cut();
	echo.close();
});

async function dial() {
	const socket = connect(wire.port, "127.0.0.1");
	sockets.push(socket);
	const heard = { text: "", closed: false };
	socket.on("data", (bytes) => {
		heard.text += bytes.toString();
	});
	socket.on("error", () => {});
	socket.on("close", () => {
		heard.closed = true;
	});
	await new Promise<void>((resolve, reject) => {
		socket.once("connect", resolve);
		socket.once("error", reject);
	});
	return { socket, heard };
}

test("bytes pass, late ones in order even when the wire becomes fast again meanwhile", async () => {
	const { socket, heard } = await dial();
	socket.write("a");
	await expect.poll(() => heard.text).toBe("a");
	wire.slow(300);
	socket.write("b");
	await new Promise<void>((resolve) => clock.after(50, resolve));
	await wire.restore();
	socket.write("c");
	await expect.poll(() => heard.text, { timeout: 3000 }).toBe("abc");
});

test("a frozen wire takes connections and says nothing until it thaws", async () => {
	wire.freeze();
	const { socket, heard } = await dial();
	socket.write("hello");
	const other = await dial();
	expect(other.heard.closed).toBe(false);
	expect(heard.text).toBe("");
	await wire.restore();
	await expect.poll(() => heard.text).toBe("hello");
});

test("a cut wire drops everybody and refuses the next until it is restored", async () => {
	const { heard } = await dial();
	await wire.cut();
	await expect.poll(() => heard.closed).toBe(true);
	await expect(dial()).rejects.toThrow(/ECONNREFUSED/);
	await wire.restore();
	await dial();
});
