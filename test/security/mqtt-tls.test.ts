import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Authority, createAuthority, hasOpenssl } from "../../engines/broker-embedded/src/testing/certificates.ts";
import { type Server, type Session, signIn, startServer, throwAwayFolder } from "../kit/platform.ts";

if (!hasOpenssl) console.warn("openssl is not installed: the tests of MQTT over TLS are skipped");
const { folder, remove } = throwAwayFolder("mqtt-tls");
let authority: Authority;
let server: Server;
let session: Session;

const configured = (name: string, mqtt: object): string => {
	const file = join(folder, name);
	writeFileSync(file, JSON.stringify({ http: { listen: { port: 0 } }, namespace: { mqtt } }));
	return file;
};

beforeAll(async () => {
	if (!hasOpenssl) return;
	authority = createAuthority();
	authority.issue("broker", { commonName: "127.0.0.1", server: true });
	for (const name of ["gateway-7", "gateway-8"]) authority.issue(name);
	const tls = {
		certFile: authority.file("broker.pem"),
		keyFile: authority.file("broker.key"),
		caFile: authority.file("ca.pem"),
		requireClientCertificate: true,
	};
	server = await startServer({
		config: configured("millwright.yaml", { listen: { port: 0 }, tls }),
		data: join(folder, "data"),
	});
	session = await signIn(server.ready);
}, 120_000);
afterAll(async () => {
	await server?.stop();
	authority?.[Symbol.dispose]();
	remove();
});

const come = (name: string) =>
	connectAsync(`mqtts://127.0.0.1:${server.ready.mqttPort}`, {
		protocolVersion: 5,
		ca: authority.pem("ca.pem"),
		cert: authority.pem(`${name}.pem`),
		key: authority.pem(`${name}.key`),
		reconnectPeriod: 0,
	});

test.skipIf(!hasOpenssl)("a gateway comes in with its certificate and no password, until its key is revoked", async () => {
	const topics = { publish: ["udt/gateway/#"], subscribe: [] };
	const { key } = await session.access.addKey({ name: "gateway-7", certificateName: "gateway-7", topics });
	const client = await come("gateway-7");
	const cut = new Promise((resolve) => client.once("close", () => resolve(true)));
	expect((await session.namespace.clients({})).clients).toMatchObject([{ principal: key.id }]);
	await expect(come("gateway-8")).rejects.toThrow(/not authorized/i);
	await session.access.revokeKey({ id: key.id });
	expect(await cut).toBe(true);
	await expect(come("gateway-7")).rejects.toThrow(/not authorized/i);
	const { entries } = await session.audit.entries({ limit: 100 });
	expect(entries.map(({ what }) => what)).toEqual(expect.arrayContaining(["access.addKey", "access.revokeKey"]));
});

test.skipIf(!hasOpenssl)(
	"the platform does not start with MQTT open to other machines in the clear",
	async () => {
		const config = configured("open.yaml", { listen: { host: "0.0.0.0", port: 0 } });
		const started = startServer({ config, data: join(folder, "open") });
		await expect(started).rejects.toThrow(/Keys and values would travel openly: 0\.0\.0\.0/);
	},
	60_000,
);
