import { expect, test } from "vitest";
import { MqttSettings } from "./api-mqtt.ts";

const problemsOf = (settings: unknown): string[] =>
	MqttSettings.safeParse(settings).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
const tls = { certFile: "cert.pem", keyFile: "key.pem" };

test("MQTT listens beyond this machine only with TLS, or where the configuration says that it may be open", () => {
	const listen = { host: "0.0.0.0" };
	expect(problemsOf({ listen })).toEqual([expect.stringContaining("listen.host: Keys and values would travel openly: 0.0.0.0")]);
	expect(problemsOf({ listen: { host: "plant.example" } })).toHaveLength(1);
	expect(problemsOf({ listen, tls })).toEqual([]);
	expect(problemsOf({ listen, withoutTls: true })).toEqual([]);
	expect(problemsOf({ listen: { host: "127.0.0.1" } })).toEqual([]);
	expect(problemsOf({ listen: null })).toEqual([]);
});

test("what is asked of client certificates needs an authority that signs them", () => {
	expect(problemsOf({ tls: { ...tls, requireClientCertificate: true } })).toEqual([
		expect.stringContaining("tls.requireClientCertificate"),
	]);
	expect(problemsOf({ tls: { ...tls, crlFile: "crl.pem" } })).toEqual([expect.stringContaining("tls.crlFile")]);
	expect(problemsOf({ tls: { ...tls, caFile: "ca.pem", requireClientCertificate: true, crlFile: "crl.pem" } })).toEqual([]);
});

test("a policy says whom it is for, and nothing it does not know", () => {
	expect(problemsOf({ policies: [{ match: { clientId: "line-*" }, maxMessagesPerSecond: 50, onSlow: "drop-oldest" }] })).toEqual(
		[],
	);
	expect(problemsOf({ policies: [{ maxMessagesPerSecond: 50 }] })).toHaveLength(1);
	expect(problemsOf({ policies: [{ match: { role: "king" } }] })).toHaveLength(1);
	expect(problemsOf({ policies: [{ match: {}, onSlow: "wait" }] })).toHaveLength(1);
});
