import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { driverSuite } from "@millwright/testkit/driver-suite";
import opcua from "./index.ts";
import { startPeer } from "./peer-for-test.ts";

const node = (name: string) => ({ node: `nsu=urn:millwright:test-plant;s=${name}` });
const path = (name: string) => ({ path: `/Line1/CNC1/${name}`, namespace: "urn:millwright:test-plant" });
const wide = (halves: unknown, signed: boolean): bigint => {
	const [high, low] = halves as [number, number];
	const value = (BigInt(high) << 32n) | BigInt(low);
	return signed ? BigInt.asIntN(64, value) : value;
};

driverSuite(opcua, {
	abilities: ["freeze", "subscribe", "browse"],
	async open() {
		const folder = await mkdtemp(join(tmpdir(), "millwright-opcua-peer-"));
		const peer = await startPeer({ folder });
		return {
			settings: { endpoint: peer.endpoint, security: "None", connectTimeout: "5s" },
			known: [
				{ address: node("Speed"), value: 1200.5 },
				{ address: path("Speed"), value: 1200.5 },
				{ address: path("Small"), value: 200 },
				{ address: node("Total"), value: 0xffff_ffff_ffff_fffen },
				{ address: node("Started"), value: "2026-01-05T06:00:00.123Z" },
				{ address: node("Note"), value: "Warmlauf" },
				{ address: node("Blob"), value: "c0ffee" },
				{ address: node("Mode"), value: 1 },
				{ address: node("Profile"), value: "[1,2.5,-3]" },
				{ address: path("Odd&/Name&: 50%"), value: 4.25 },
			],
			missing: node("Nowhere"),
			writable: [
				{ address: node("Count"), values: [-5, 2_000_000], held: async () => (await peer.get("Count")) as number },
				{ address: path("Big"), values: [-5n, 1n << 60n], held: async () => wide(await peer.get("Big"), true) },
				{ address: node("Running"), values: [false, true], held: async () => (await peer.get("Running")) as boolean },
				{ address: node("Name"), values: ["Ünï", ""], held: async () => (await peer.get("Name")) as string },
			],
			changing: { address: node("Level"), change: (value) => peer.set("Level", value) },
			kill: peer.kill,
			revive: () => peer.revive(),
			freeze: peer.freeze,
			thaw: peer.thaw,
			async close() {
				await peer.kill();
				await rm(folder, { recursive: true, force: true });
			},
		};
	},
	wrongSettings: [
		{},
		{ endpoint: "http://10.0.0.1:4840" },
		{ endpoint: "opc.tcp://" },
		{ endpoint: "opc.tcp://user:pass@plc:4840" },
		{ endpoint: "opc.tcp://plc:99999" },
		{ endpoint: "opc.tcp://plc:4840", security: "Basic128Rsa15" },
		{ endpoint: "opc.tcp://plc:4840", password: "x" },
		{ endpoint: "opc.tcp://plc:4840", user: "a", userCertificate: "b.pem" },
		{ endpoint: "opc.tcp://plc:4840", userCertificate: "../key.pem" },
		{ endpoint: "opc.tcp://plc:4840", keepAlive: "1ms" },
		{ endpoint: "opc.tcp://plc:4840", hosts: 1 },
	],
	wrongAddresses: [{}, { node: "Speed" }, { node: "ns=2" }, { path: "Line1" }, { node: "i=1", path: "/a" }, { path: "/a/" }],
	nowhere: (settings) => ({ ...settings, endpoint: "opc.tcp://127.0.0.1:1" }),
});
