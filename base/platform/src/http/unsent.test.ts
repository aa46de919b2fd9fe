import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createUnsent } from "./unsent.ts";

test("who does not read what was answered is given no more, until it is read; others are", async () => {
	const unsent = createUnsent({ each: 30_000_000, all: 1e9 });
	const answer = "x".repeat(20_000_000);
	const server = createServer((asked, response) => {
		const who = String(asked.headers["x-who"]);
		try {
			unsent.check(who);
		} catch {
			response.statusCode = 429;
			response.end("");
			return;
		}
		unsent.add(who, answer.length, response);
		response.end(answer);
	}).listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	/** The answer's head is here; its body waits until it is read. */
	const ask = async (who: string): Promise<IncomingMessage> => {
		const asked = request({ port, host: "127.0.0.1", agent: false, headers: { "x-who": who } }).end();
		return ((await once(asked, "response")) as [IncomingMessage])[0];
	};
	const [first, second] = [await ask("eve"), await ask("eve")];
	expect([first.statusCode, second.statusCode]).toEqual([200, 200]);
	expect((await ask("eve")).statusCode).toBe(429);
	expect((await ask("ada")).statusCode).toBe(200);
	const read = once(first, "close");
	first.resume();
	await read;
	second.destroy();
	await expect.poll(async () => (await ask("eve")).statusCode).toBe(200);
	server.closeAllConnections();
	server.close();
});
