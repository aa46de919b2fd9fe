import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateUntrusted, type PeerCertificate } from "@millwright/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Asyncua, nodeOf, python, startAsyncua } from "./asyncua-peer-for-test.ts";
import { ownCertificate } from "./own-certificate.ts";
import { openForTest, soon } from "./peer-for-test.ts";
import { policies } from "./settings.ts";

const title = "the OPC UA driver secured against asyncua (needs python3 with asyncua, which npm test installs where it can)";
const everyWay = policies.flatMap((security) => [
	{ security, mode: "Sign" },
	{ security, mode: "SignAndEncrypt" },
]);

describe.skipIf(!python)(title, () => {
	let folder: string;
	let peer: Asyncua;
	/** Serves nobody without a name. */
	let strict: Asyncua;
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), "millwright-asyncua-security-"));
		const homes = await Promise.all([mkdtemp(join(folder, "peer-")), mkdtemp(join(folder, "strict-"))]);
		[peer, strict] = await Promise.all([
			startAsyncua({ folder: homes[0] as string }),
			startAsyncua({ folder: homes[1] as string, anonymous: false }),
		]);
	}, 60_000);
	afterAll(async () => {
		await Promise.all([peer?.close(), strict?.close()]);
		await rm(folder, { recursive: true, force: true });
	});
	const home = () => join(folder, "client");
	const speed = async (settings: Record<string, unknown>, tools: object = {}) => {
		const { session } = await openForTest({ endpoint: peer.endpoint, ...settings }, { folder: home(), ...tools });
		try {
			return (await session.read([nodeOf("Speed")], soon()))[0]?.value;
		} finally {
			await session.close();
		}
	};

	test.for([{ security: "None" }, { security: "best" }, ...everyWay])("connects and reads with $security $mode", async (way) => {
		expect(await speed(way)).toBe(1200.5);
	});

	test.for([{ security: "None" }, ...everyWay])("user and password are understood with $security $mode", async (way) => {
		const settings = { ...way, endpoint: strict.endpoint, user: "operator" };
		expect(await speed({ ...settings, password: "rïght" })).toBe(1200.5);
		await expect(speed({ ...settings, password: "right" })).rejects.toMatchObject({ code: "opcua.user-refused", kind: "denied" });
	});

	test("who must say a name and says none is told so", async () => {
		await expect(speed({ endpoint: strict.endpoint })).rejects.toMatchObject({
			code: "opcua.identity-not-offered",
			kind: "input",
		});
	});

	test("the server's certificate waits for a decision, under the thumbprint that the server itself knows", async () => {
		let decision = false;
		const trust = { isTrusted: ({ thumbprint }: PeerCertificate) => decision && thumbprint === peer.thumbprint };
		const refused = await speed({}, { trust }).catch((error: unknown) => error);
		expect(refused).toBeInstanceOf(CertificateUntrusted);
		expect((refused as CertificateUntrusted).certificate).toMatchObject({
			thumbprint: peer.thumbprint,
			applicationUri: "urn:millwright:asyncua-server",
		});
		expect(await peer.clients()).toEqual({ sessions: 0, subscriptions: 0 });
		decision = true;
		expect(await speed({}, { trust })).toBe(1200.5);
	});

	test("a server that does not trust us is told from an outage, with the thumbprint to trust there", async () => {
		const { thumbprint } = await ownCertificate(home());
		await peer.trustClients(false);
		await expect(speed({})).rejects.toMatchObject({
			code: "opcua.our-certificate-refused",
			kind: "denied",
			hint: expect.stringContaining(thumbprint),
		});
		await peer.trustClients(true);
		expect(await speed({})).toBe(1200.5);
	});

	test("values arrive through an encrypted subscription as through an open one", async () => {
		const { session, losses } = await openForTest(
			{ endpoint: peer.endpoint, security: "Aes256_Sha256_RsaPss" },
			{ folder: home() },
		);
		const counts: bigint[] = [];
		await session.subscribe?.(
			[nodeOf("Counter")],
			{ samplingMs: 100 },
			(_, { value }) => void counts.push(value as bigint),
			() => {},
			soon(),
		);
		await expect.poll(() => counts.length, { timeout: 10_000, interval: 20 }).toBeGreaterThan(10);
		await session.close();
		expect(counts).toEqual(counts.map((_, i) => (counts[0] as bigint) + BigInt(i)));
		expect(losses).toEqual([]);
	});
});
