import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateUntrusted, MillwrightError, type PeerCertificate } from "@millwright/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeCertificate } from "./certificate.ts";
import { ownCertificate } from "./own-certificate.ts";
import { nodeOf, openForTest, type Peer, soon, startPeer } from "./peer-for-test.ts";
import { policies } from "./settings.ts";

let folder: string;
let peer: Peer;
/** Serves nobody without a name, and knows no client certificate. */
let strict: Peer;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "millwright-opcua-security-"));
	[peer, strict] = await Promise.all([
		startPeer({ folder: join(folder, "peer"), secured: true }),
		startPeer({ folder: join(folder, "strict"), secured: true, anonymous: false, trustsClients: false }),
	]);
}, 60_000);
afterAll(async () => {
	await Promise.all([peer?.kill(), strict?.kill()]);
	await rm(folder, { recursive: true, force: true });
});

const home = () => join(folder, "client");
const speed = async (settings: Record<string, unknown>, tools: Partial<Parameters<typeof openForTest>[1]> = {}) => {
	const { session } = await openForTest({ endpoint: peer.endpoint, ...settings }, { folder: home(), ...tools });
	const [reading] = await session.read([nodeOf("Speed")], soon());
	await session.close();
	return reading?.value;
};
const failure = (work: Promise<unknown>): Promise<unknown> =>
	work.then(
		() => undefined,
		(error: unknown) => error,
	);

test.for([
	["None", "Sign"],
	["best", "SignAndEncrypt"],
	...policies.flatMap((policy) => [
		[policy, "Sign"],
		[policy, "SignAndEncrypt"],
	]),
])("connects and reads with %s and %s", async ([security, mode]) => {
	expect(await speed({ security, mode })).toBe(1200.5);
});

test("an unknown certificate waits for a decision, and the decision counts at once", async () => {
	const asked: PeerCertificate[] = [];
	let decision = false;
	const trust = {
		isTrusted(certificate: PeerCertificate) {
			asked.push(certificate);
			return decision;
		},
	};
	const refused = await failure(speed({}, { trust }));
	expect(refused).toBeInstanceOf(CertificateUntrusted);
	const { certificate } = refused as CertificateUntrusted;
	expect(certificate).toMatchObject({
		applicationUri: "urn:millwright:test-server",
		thumbprint: expect.stringMatching(/^[0-9a-f]{40}$/),
	});
	expect(certificate.validUntilMs).toBeGreaterThan(certificate.validFromMs);
	expect(describeCertificate(new (await import("node:crypto")).X509Certificate(certificate.pem).raw)).toEqual(certificate);
	decision = true;
	expect(await speed({}, { trust })).toBe(1200.5);
	decision = false;
	expect(await failure(speed({}, { trust }))).toBeInstanceOf(CertificateUntrusted);
	expect(new Set(asked.map(({ thumbprint }) => thumbprint)).size).toBe(1);
});

test("a server that does not trust us says so, with the thumbprint to trust", async () => {
	const own = await ownCertificate(home());
	const refused = await failure(speed({ endpoint: strict.endpoint, user: "operator", password: "right" }));
	expect(refused).toMatchObject({
		code: "opcua.our-certificate-refused",
		kind: "denied",
		hint: expect.stringContaining(own.thumbprint),
	});
});

test("a wrong password, and nobody at all, are told apart from an outage", async () => {
	const settings = { endpoint: strict.endpoint, security: "None" };
	expect(await speed({ ...settings, user: "operator", password: "right" })).toBe(1200.5);
	expect(await failure(speed({ ...settings, user: "operator", password: "wrong" }))).toMatchObject({
		code: "opcua.user-refused",
		kind: "denied",
	});
	expect(await failure(speed(settings))).toMatchObject({ code: "opcua.identity-not-offered", kind: "input" });
});

test("a user may show a certificate instead of a password", async () => {
	const user = await ownCertificate(join(folder, "user"));
	await mkdir(join(home(), "users"), { recursive: true });
	const pem = `${await readFile(user.certificateFile, "utf8")}\n${await readFile(user.privateKeyFile, "utf8")}`;
	await writeFile(join(home(), "users", "operator.pem"), pem);
	expect(await speed({ userCertificate: "operator.pem" })).toBe(1200.5);
	expect(await failure(speed({ userCertificate: "nobody.pem" }))).toMatchObject({
		code: "opcua.user-certificate-unreadable",
		kind: "input",
	});
});

test("security the server does not offer is refused with what it offers", async () => {
	const open = await startPeer({ folder: join(folder, "open") });
	try {
		expect(await failure(speed({ endpoint: open.endpoint }))).toMatchObject({
			code: "opcua.security-not-offered",
			hint: expect.stringContaining("no security at all"),
		});
	} finally {
		await open.kill();
	}
});

test("our certificate is made once, even by two connections at the same time, and kept", async () => {
	const place = join(folder, "two");
	const [a, b] = await Promise.all([ownCertificate(place), ownCertificate(place)]);
	expect(a).toEqual(b);
	expect(await ownCertificate(place)).toEqual(a);
	expect(a.applicationUri).toMatch(/^urn:.+:millwright$/);
	const other = await ownCertificate(join(folder, "other"));
	await copyFile(other.privateKeyFile, a.privateKeyFile);
	expect(await failure(ownCertificate(place))).toBeInstanceOf(MillwrightError);
});
