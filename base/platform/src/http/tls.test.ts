import { once } from "node:events";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { afterAll, expect, test } from "vitest";
import { gatekeeper, memoryAudit, pressApi, pressService } from "../for-test.ts";
import { selfSigned } from "./certificate-for-test.ts";
import { createHttpServer } from "./http-server.ts";
import { mounted } from "./services.ts";

const folder = mkdtempSync(join(tmpdir(), "millwright-tls-"));
afterAll(() => rmSync(folder, { recursive: true }));
const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
let written = 0;
function write(cert: string, key: string): void {
	writeFileSync(files.certFile, cert);
	writeFileSync(files.keyFile, key);
	// A second apart, whatever the file system's grain.
	const at = new Date(Date.UTC(2026, 0, 1) + ++written * 1000);
	utimesSync(files.certFile, at, at);
}

async function ask(url: string): Promise<{ name: string; headers: Record<string, unknown>; status: number | undefined }> {
	const body = '{"login":"emma","password":"x"}';
	const asked = request(`${url}/api/press/sign-in`, {
		method: "POST",
		headers: { "content-type": "application/json", "x-millwright": "1" },
		rejectUnauthorized: false,
		agent: false,
	});
	asked.end(body);
	const [response] = await once(asked, "response");
	const name = String((response.socket as TLSSocket).getPeerCertificate().subject.CN);
	response.resume();
	return { name, headers: response.headers, status: response.statusCode };
}

test("with a certificate everything is TLS, and a renewed one is taken up without a restart", async () => {
	const first = selfSigned("first");
	write(first.cert, first.key);
	const clock = createFakeClock();
	const http = createHttpServer({
		listen: { host: "127.0.0.1", port: 0 },
		tls: files,
		log: silentLog,
		clock,
		gatekeeper,
		audit: memoryAudit(),
		services: [mounted("press", pressApi, pressService())],
		health: () => [],
		figures: () => [],
		version: "1",
	});
	await http.start();
	try {
		expect(http.url).toMatch(/^https:/);
		const before = await ask(http.url);
		expect(before).toMatchObject({ name: "first", status: 200 });
		expect(before.headers["set-cookie"]).toEqual([expect.stringContaining("Secure")]);
		expect(before.headers["strict-transport-security"]).toContain("max-age=31536000");

		const second = selfSigned("second");
		write(second.cert, second.key);
		await clock.advance(30_000);
		expect((await ask(http.url)).name).toBe("second");

		write("not a certificate", second.key);
		await clock.advance(30_000);
		expect((await ask(http.url)).name).toBe("second");
	} finally {
		await http.stop();
	}
});

test("a missing certificate names its file before anything listens", async () => {
	const http = createHttpServer({
		listen: { host: "127.0.0.1", port: 0 },
		tls: { certFile: join(folder, "nowhere.pem"), keyFile: files.keyFile },
		log: silentLog,
		clock: createFakeClock(),
		gatekeeper,
		audit: memoryAudit(),
		services: [],
		health: () => [],
		figures: () => [],
		version: "1",
	});
	await expect(http.start()).rejects.toMatchObject({ code: "platform.tls-file-missing", place: join(folder, "nowhere.pem") });
});
