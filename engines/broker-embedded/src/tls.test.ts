import { execFile } from "node:child_process";
import { connect as connectPlain } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import type { BrokerCredentials } from "@millwright/core";
import { createFakeClock } from "@millwright/testkit/fake-clock";
import { connectAsync, type IClientOptions } from "mqtt";
import { generate } from "mqtt-packet";
import { afterAll, test as always, beforeAll, expect } from "vitest";
import { brokerForTest, everything } from "./testing/broker-for-test.ts";
import { type Authority, createAuthority, hasOpenssl } from "./testing/certificates.ts";
import { hasMosquittoClients } from "./testing/mosquitto.ts";

if (!hasOpenssl) console.warn("openssl is not installed: the tests of MQTT over TLS are skipped");
const test = always.skipIf(!hasOpenssl);

let authority: Authority;
let stranger: Authority;
beforeAll(() => {
	if (!hasOpenssl) return;
	authority = createAuthority();
	authority.issue("broker", { commonName: "127.0.0.1", server: true });
	authority.issue("gateway-7");
	authority.issue("gateway-8");
	authority.issue("gateway-old", { from: "200101000000Z", until: "200201000000Z" });
	authority.revoke("gateway-8");
	stranger = createAuthority("Somebody else");
	stranger.issue("gateway-7");
});
afterAll(() => {
	authority?.[Symbol.dispose]();
	stranger?.[Symbol.dispose]();
});

const filesOf = (extra: { requireClientCertificate?: boolean; crl?: boolean; ca?: boolean } = {}) => ({
	certFile: authority.file("broker.pem"),
	keyFile: authority.file("broker.key"),
	...(extra.ca === false ? {} : { caFile: authority.file("ca.pem") }),
	...(extra.crl ? { crlFile: authority.file("crl.pem") } : {}),
	requireClientCertificate: extra.requireClientCertificate ?? false,
});

const trusting = (): IClientOptions => ({ ca: authority.pem("ca.pem"), reconnectPeriod: 0, connectTimeout: 5000 });
const showing = (name: string, from = authority): IClientOptions => ({
	...trusting(),
	cert: from.pem(`${name}.pem`),
	key: from.pem(`${name}.key`),
});
const until = async (holds: () => boolean): Promise<void> => {
	while (!holds()) await new Promise((resolve) => setImmediate(resolve));
};
const hello = generate({ cmd: "connect", clientId: "knocking", clean: true, keepalive: 60, protocolVersion: 4 });
/** Does the connection end before a CONNACK? With TLS 1.3 a client believes for a moment that it was let in. */
const isRefused = (port: number, { ca, cert, key }: IClientOptions): Promise<boolean> =>
	new Promise((resolve) => {
		const socket = connectTls({ port, host: "127.0.0.1", ca, cert, key } as ConnectionOptions, () => socket.write(hello));
		socket.on("error", () => {});
		socket.once("close", () => resolve(true));
		socket.once("data", () => {
			resolve(false);
			socket.destroy();
		});
	});

test("a client over TLS is known by the name in its certificate, and welcome without one where none is required", async () => {
	const knocked: BrokerCredentials[] = [];
	await using broker = await brokerForTest({
		tls: filesOf(),
		authenticate: async (who) => {
			knocked.push(who);
			return everything(who.clientId);
		},
	});
	const url = `mqtts://127.0.0.1:${broker.port}`;
	const named = await connectAsync(url, showing("gateway-7"));
	const unnamed = await connectAsync(url, trusting());
	expect(knocked.map(({ secure, certificateName }) => [secure, certificateName])).toEqual([
		[true, "gateway-7"],
		[true, undefined],
	]);
	const heard = new Promise<string>((resolve) => named.on("message", (_, payload) => resolve(payload.toString())));
	await named.subscribeAsync("t", { qos: 1 });
	await unnamed.publishAsync("t", "secret", { qos: 1 });
	expect(await heard).toBe("secret");
	await named.endAsync();
	await unnamed.endAsync();
});

test("a certificate of a strange authority, an expired one and a withdrawn one open nothing, required or not", async () => {
	for (const requireClientCertificate of [false, true]) {
		await using broker = await brokerForTest({ tls: filesOf({ requireClientCertificate, crl: true }) });
		expect(await isRefused(broker.port, showing("gateway-7", stranger))).toBe(true);
		expect(await isRefused(broker.port, showing("gateway-old"))).toBe(true);
		expect(await isRefused(broker.port, showing("gateway-8"))).toBe(true);
		expect(await isRefused(broker.port, showing("gateway-7"))).toBe(false);
		expect(await isRefused(broker.port, trusting())).toBe(requireClientCertificate);
		await until(() => broker.clients().length === 0);
		expect(broker.figures().refusedConnections).toBe(requireClientCertificate ? 4 : 3);
	}
});

test("plain MQTT on a TLS port, old TLS and nonsense are turned away while others are served", async () => {
	await using broker = await brokerForTest({ tls: filesOf() });
	const there = await connectAsync(`mqtts://127.0.0.1:${broker.port}`, trusting());
	const plain = connectPlain(broker.port, "127.0.0.1");
	plain.on("error", () => {});
	plain.write(Buffer.from([0x10, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 1, 97]));
	await new Promise((resolve) => plain.once("close", resolve));
	const old = connectTls({
		port: broker.port,
		host: "127.0.0.1",
		ca: authority.pem("ca.pem"),
		maxVersion: "TLSv1.1",
		minVersion: "TLSv1",
		ciphers: "DEFAULT@SECLEVEL=0",
	});
	const answer = await new Promise<string>((resolve) => {
		old.once("error", (error) => resolve(error.message));
		old.once("secureConnect", () => resolve("let in"));
	});
	expect(answer).not.toBe("let in");
	await until(() => broker.figures().refusedConnections >= 2);
	await there.publishAsync("t", "still here", { qos: 1 });
	expect(broker.clients()).toHaveLength(1);
	await there.endAsync();
});

test("a handshake that never ends is cut off after its time, and one that ended is not", async () => {
	const clock = createFakeClock();
	await using broker = await brokerForTest({ tls: filesOf(), clock });
	const slow = connectPlain(broker.port, "127.0.0.1");
	slow.on("error", () => {});
	await new Promise((resolve) => slow.once("connect", resolve));
	// The first bytes of a ClientHello, and then nothing.
	slow.write(Buffer.from([0x16, 3, 1, 2, 0, 1]));
	const good = await connectAsync(`mqtts://127.0.0.1:${broker.port}`, { ...trusting(), keepalive: 0 });
	const cut = new Promise((resolve) => slow.once("close", resolve));
	await clock.advance(10_001);
	await cut;
	expect(broker.clients()).toHaveLength(1);
	await good.endAsync();
});

test("renewed certificates are taken up without a restart, broken ones are not, and nobody is disturbed", async () => {
	const clock = createFakeClock();
	using own = createAuthority();
	own.issue("first", { commonName: "127.0.0.1", server: true });
	own.issue("second", { commonName: "second", server: true });
	own.issue("gateway-9");
	own.revoke();
	own.copy("first.pem", "live.pem");
	own.copy("first.key", "live.key");
	await using broker = await brokerForTest({
		tls: {
			certFile: own.file("live.pem"),
			keyFile: own.file("live.key"),
			caFile: own.file("ca.pem"),
			crlFile: own.file("crl.pem"),
			requireClientCertificate: true,
		},
		clock,
	});
	const showingNine = { cert: own.pem("gateway-9.pem"), key: own.pem("gateway-9.key"), ca: own.pem("ca.pem") };
	const nameSeen = (): Promise<string> =>
		new Promise((resolve, reject) => {
			const socket: TLSSocket = connectTls({ port: broker.port, host: "127.0.0.1", ...showingNine }, () => {
				resolve(String(socket.getPeerCertificate().subject.CN));
				socket.destroy();
			});
			socket.once("error", reject);
		});
	const there = await connectAsync(`mqtts://127.0.0.1:${broker.port}`, { ...showingNine, keepalive: 0, reconnectPeriod: 0 });
	expect(await nameSeen()).toBe("127.0.0.1");

	own.copy("second.pem", "live.pem");
	own.copy("second.key", "live.key");
	await clock.advance(30_000);
	expect(await nameSeen()).toBe("second");

	own.copy("ca.conf", "live.pem");
	await clock.advance(30_000);
	expect(await nameSeen()).toBe("second");

	own.copy("second.pem", "live.pem");
	own.revoke("gateway-9");
	await clock.advance(30_000);
	expect(await isRefused(broker.port, { ...showingNine, reconnectPeriod: 0 })).toBe(true);
	// Who is here stays: withdrawing access is the key's business.
	await there.publishAsync("t", "still here", { qos: 1 });
	await there.endAsync();
});

test("a missing file is named before anything listens", async () => {
	await expect(brokerForTest({ tls: { ...filesOf(), keyFile: authority.file("nowhere.key") } })).rejects.toMatchObject({
		code: "broker.tls-file-missing",
		place: authority.file("nowhere.key"),
	});
});

test("health tells of a certificate that ends soon", async () => {
	authority.issue("ending", {
		commonName: "127.0.0.1",
		server: true,
		until: `${new Date(Date.now() + 5.5 * 86_400_000).toISOString().slice(2, 19).replace(/[-:T]/g, "")}Z`,
	});
	await using broker = await brokerForTest({
		tls: { certFile: authority.file("ending.pem"), keyFile: authority.file("ending.key") },
	});
	expect(broker.part.health?.()).toMatchObject({ state: "degraded", reason: "The certificate of MQTT expires in 5 days" });
});

always.skipIf(!hasOpenssl || !hasMosquittoClients)("mosquitto_pub is served over TLS with a certificate of its own", async () => {
	await using broker = await brokerForTest({ tls: filesOf({ requireClientCertificate: true }) });
	const heard: string[] = [];
	broker.subscribe("tools/#", "test", ({ payload }) => heard.push(Buffer.from(payload).toString()));
	const where = ["-h", "127.0.0.1", "-p", String(broker.port), "-q", "1", "--cafile", authority.file("ca.pem")];
	const own = ["--cert", authority.file("gateway-7.pem"), "--key", authority.file("gateway-7.key")];
	await promisify(execFile)("mosquitto_pub", [...where, ...own, "-t", "tools/a", "-m", "one"]);
	expect(heard).toEqual(["one"]);
	await expect(promisify(execFile)("mosquitto_pub", [...where, "-t", "tools/a", "-m", "two"])).rejects.toThrow();
	expect(heard).toEqual(["one"]);
});
