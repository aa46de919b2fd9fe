import type { BrokerRights } from "@millwright/core";
import { expect, test } from "vitest";
import { accessForTest, codeOf, recordsForTest } from "./access-for-test.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const knock = (password?: string, username?: string) => ({
	clientId: "c1",
	address: "10.0.0.3",
	secure: false,
	...(username === undefined ? {} : { username }),
	...(password === undefined ? {} : { password: bytes(password) }),
});
const clearance = "internal" as const;
const topics = { publish: ["udt/site/line-1/#"], subscribe: ["udt/site/+/speed"] };

test("a key is shown once, kept as a hash, and opens the API with its roles", async () => {
	const { access, service, admin, records } = await accessForTest();
	const { key, secret } = await service.addKey(
		{ name: "mes", roles: ["operator", "operator"], clearance, topics: { publish: [], subscribe: [] } },
		admin,
	);
	expect(secret).toMatch(/^mwk_[0-9a-f]{16}_[\w-]{43}$/);
	expect(secret.startsWith(key.hint.slice(0, -1))).toBe(true);
	expect(key).toMatchObject({ name: "mes", roles: ["operator"], active: true, createdBy: "system" });
	expect(
		JSON.stringify([records.database.prepare("SELECT * FROM access_keys").all(), await service.keys({}, admin)]),
	).not.toContain(secret);
	expect(await access.gatekeeper.identify({ bearer: secret, address: "", agent: "" })).toEqual({
		principal: { id: key.id, name: "mes", kind: "key", roles: ["operator"] },
	});
	for (const wrong of ["", "mwk_", `${secret}x`, secret.toUpperCase(), "x".repeat(100_000)])
		expect(await access.gatekeeper.identify({ bearer: wrong, address: "", agent: "" })).toBeUndefined();
});

test("a wrong bearer is not helped by a good cookie, and a key for MQTT only does not open the API", async () => {
	const { access, service, admin, setUp } = await accessForTest();
	const { browser } = await setUp();
	expect(
		await access.gatekeeper.identify({ bearer: "mwk_x", sessionToken: browser.token, address: "", agent: "" }),
	).toBeUndefined();
	const { secret } = await service.addKey({ name: "plc", roles: [], clearance, topics }, admin);
	expect(await access.gatekeeper.identify({ bearer: secret, address: "", agent: "" })).toBeUndefined();
});

test("a revoked key is dead at once everywhere, and listeners hear of it", async () => {
	const { access, service, admin } = await accessForTest();
	const { key, secret } = await service.addKey({ name: "plc", roles: ["operator"], clearance, topics }, admin);
	const rights = (await access.brokerAuthenticator()(knock(secret))) as BrokerRights;
	expect(rights.mayPublish("udt/site/line-1/press/speed")).toBe(true);
	const heard: unknown[] = [];
	const stop = access.onRevoked((revocation) => heard.push(revocation));
	access.onRevoked(() => {
		throw new Error("a listener that fails");
	});
	expect(await service.revokeKey({ id: key.id }, admin)).toMatchObject({ id: key.id, active: false });
	expect(heard).toEqual([{ principal: key.id }]);
	expect(rights.mayPublish("udt/site/line-1/press/speed")).toBe(false);
	expect(rights.maySubscribe("udt/site/a/speed")).toBe(false);
	expect(rights.mayReceive("udt/site/a/speed")).toBe(false);
	expect(await access.brokerAuthenticator()(knock(secret))).toBeUndefined();
	expect(await access.gatekeeper.identify({ bearer: secret, address: "", agent: "" })).toBeUndefined();
	stop();
	await service.revokeKey({ id: key.id }, admin);
	expect(heard).toHaveLength(1);
	expect(await codeOf(service.revokeKey({ id: "key_x" }, admin))).toBe("access.key-unknown");
});

test("a key dies at its time, and listeners hear within half a minute", async () => {
	const { access, service, admin, clock } = await accessForTest();
	const { key, secret } = await service.addKey(
		{ name: "visitor", roles: ["operator"], clearance, topics, expiresAt: clock.nowMs() + 60_000 },
		admin,
	);
	const heard: unknown[] = [];
	access.onRevoked((revocation) => heard.push(revocation));
	await clock.advance(59_999);
	expect(await access.gatekeeper.identify({ bearer: secret, address: "", agent: "" })).toBeDefined();
	await clock.advance(1);
	expect(await access.gatekeeper.identify({ bearer: secret, address: "", agent: "" })).toBeUndefined();
	await clock.advance(60_000);
	expect(heard).toEqual([{ principal: key.id }]);
	expect((await service.keys({}, admin)).keys[0]).toMatchObject({ active: false });
	expect(
		await codeOf(service.addKey({ name: "late", roles: ["operator"], clearance, topics, expiresAt: clock.nowMs() }, admin)),
	).toBe("access.key-expired");
});

test("an MQTT client shows its key's id or name, or none, and gets exactly its topics", async () => {
	const { access, service, admin } = await accessForTest();
	const { key, secret } = await service.addKey({ name: "line 1", roles: [], clearance, topics }, admin);
	const admit = access.brokerAuthenticator();
	for (const username of [key.id, "line 1", undefined]) expect((await admit(knock(secret, username)))?.principal).toBe(key.id);
	for (const wrong of [knock(secret, "line 2"), knock("mwk_x", key.id), knock(undefined, key.id), knock()])
		expect(await admit(wrong)).toBeUndefined();
	const rights = (await admit(knock(secret))) as BrokerRights;
	expect([rights.mayPublish("udt/site/line-1/a"), rights.mayPublish("udt/site/line-2/a")]).toEqual([true, false]);
	expect([rights.maySubscribe("udt/site/line-1/speed"), rights.maySubscribe("udt/site/#")]).toEqual([true, false]);
	expect([rights.mayReceive("udt/site/line-9/speed"), rights.mayReceive("udt/site/line-9/power")]).toEqual([true, false]);
});

test("a key without topics is refused at the broker, and anonymous clients only get what was given to them", async () => {
	const { access, service, admin } = await accessForTest();
	const { secret } = await service.addKey(
		{ name: "mes", roles: ["operator"], clearance, topics: { publish: [], subscribe: [] } },
		admin,
	);
	expect(await access.brokerAuthenticator()(knock(secret))).toBeUndefined();
	const open = access.brokerAuthenticator({ anonymous: { publish: [], subscribe: ["udt/#"] } });
	const rights = (await open(knock())) as BrokerRights;
	expect([rights.principal, rights.mayReceive("udt/a"), rights.mayPublish("udt/a")]).toEqual(["anonymous", true, false]);
	expect(await open(knock(undefined, "somebody"))).toBeUndefined();
	expect(await open(knock("wrong"))).toBeUndefined();
});

test("a key that opens nothing, or whose filters are none, is not made", async () => {
	const { service, admin } = await accessForTest();
	expect(await codeOf(service.addKey({ name: "x", roles: [], clearance, topics: { publish: [], subscribe: [] } }, admin))).toBe(
		"access.key-empty",
	);
	expect(
		await codeOf(service.addKey({ name: "x", roles: [], clearance, topics: { publish: ["a/#/b"], subscribe: [] } }, admin)),
	).toBe("access.filter-invalid");
});

test("keys survive a restart, revoked ones as revoked; last use is written once a minute at most", async () => {
	const records = recordsForTest();
	const before = await accessForTest({ records });
	const live = await before.service.addKey({ name: "live", roles: ["engineer"], clearance, topics }, before.admin);
	const dead = await before.service.addKey({ name: "dead", roles: ["engineer"], clearance, topics }, before.admin);
	await before.service.revokeKey({ id: dead.key.id }, before.admin);
	records.queries.length = 0;
	for (let i = 0; i < 100; i++) await before.access.gatekeeper.identify({ bearer: live.secret, address: "", agent: "" });
	await before.access.part.stop();
	expect(records.queries).toHaveLength(1);

	const after = await accessForTest({ records });
	expect((await after.service.keys({}, after.admin)).keys).toMatchObject([
		{ name: "live", active: true, topics, lastUsedAt: before.clock.nowMs() },
		{ name: "dead", active: false },
	]);
	expect((await after.access.gatekeeper.identify({ bearer: live.secret, address: "", agent: "" }))?.principal.id).toBe(
		live.key.id,
	);
	expect(await after.access.gatekeeper.identify({ bearer: dead.secret, address: "", agent: "" })).toBeUndefined();
});

test("a key receives no topic beyond its clearance, however wide its filters", async () => {
	const records = recordsForTest();
	const { access, service, admin } = await accessForTest({ records });
	const wide = { publish: [], subscribe: ["#"] };
	const authenticate = access.brokerAuthenticator({
		classOf: (topic) => (topic.endsWith("/dose") ? "restricted" : topic.endsWith("/recipe") ? "confidential" : "internal"),
	});
	const seenWith = async (clearance: "public" | "internal" | "confidential" | "restricted") => {
		const { key, secret } = await service.addKey({ name: clearance, roles: [], topics: wide, clearance }, admin);
		expect(key.clearance).toBe(clearance);
		const rights = (await authenticate(knock(secret))) as BrokerRights;
		expect(rights.maySubscribe("#")).toBe(true);
		return ["udt/a/speed", "udt/a/recipe", "udt/a/dose"]
			.filter((topic) => rights.mayReceive(topic))
			.map((topic) => topic.slice(6));
	};
	expect(await seenWith("public")).toEqual([]);
	expect(await seenWith("internal")).toEqual(["speed"]);
	expect(await seenWith("confidential")).toEqual(["speed", "recipe"]);
	expect(await seenWith("restricted")).toEqual(["speed", "recipe", "dose"]);
	const again = await accessForTest({ records });
	expect((await again.service.keys({}, admin)).keys.map((key) => key.clearance)).toEqual([
		"public",
		"internal",
		"confidential",
		"restricted",
	]);
});

const knockWith = (certificateName: string, username?: string) => ({
	clientId: "c1",
	address: "10.0.0.3",
	secure: true,
	certificateName,
	...(username === undefined ? {} : { username }),
});

test("a certificate stands for the secret of the key it is bound to, and of no other", async () => {
	const { access, service, admin } = await accessForTest();
	const { key } = await service.addKey({ name: "gateway", roles: [], clearance, topics, certificateName: "gateway-7" }, admin);
	const admit = access.brokerAuthenticator();
	const rights = (await admit(knockWith("gateway-7"))) as BrokerRights;
	expect(rights.principal).toBe(key.id);
	expect(rights.mayPublish("udt/site/line-1/press/speed")).toBe(true);
	for (const name of ["gateway-7", "gateway", key.id]) expect(await admit(knockWith("gateway-7", name))).toBeDefined();
	expect(await admit(knockWith("gateway-7", "somebody"))).toBeUndefined();
	expect(await admit(knockWith("gateway-8"))).toBeUndefined();
	expect((await service.keys({}, admin)).keys[0]).toMatchObject({ certificateName: "gateway-7", lastUsedAt: expect.any(Number) });
	expect(await codeOf(service.addKey({ name: "twin", roles: [], clearance, topics, certificateName: "gateway-7" }, admin))).toBe(
		"access.certificate-taken",
	);

	await service.revokeKey({ id: key.id }, admin);
	expect(await admit(knockWith("gateway-7"))).toBeUndefined();
	expect(rights.mayPublish("udt/site/line-1/press/speed")).toBe(false);
	// A revoked key's certificate may be given to its successor.
	await service.addKey({ name: "gateway", roles: [], clearance, topics, certificateName: "gateway-7" }, admin);
});

test("binding a certificate later survives a restart, and unbinding ends who came in by it", async () => {
	const records = recordsForTest();
	const { access, service, admin } = await accessForTest({ records });
	const { key } = await service.addKey({ name: "gateway", roles: [], clearance, topics }, admin);
	const heard: unknown[] = [];
	access.onRevoked((revocation) => heard.push(revocation));
	expect(await service.bindKey({ id: key.id, certificateName: "gateway-7" }, admin)).toMatchObject({
		certificateName: "gateway-7",
	});
	const again = await accessForTest({ records });
	expect(await again.access.brokerAuthenticator()(knockWith("gateway-7"))).toMatchObject({ principal: key.id });
	await service.bindKey({ id: key.id, certificateName: null }, admin);
	expect(await access.brokerAuthenticator()(knockWith("gateway-7"))).toBeUndefined();
	expect(heard).toEqual([{ principal: key.id }, { principal: key.id }]);
	expect(await codeOf(service.bindKey({ id: "key_none", certificateName: "x" }, admin))).toBe("access.key-unknown");
});

test("the broker's own figures are seen with a filter for them and a role for it, and never with a filter for everything", async () => {
	const { access, service, admin } = await accessForTest();
	const rightsWith = async (roles: ("engineer" | "operator")[], subscribe: string[]) => {
		const { secret } = await service.addKey({ name: "k", roles, clearance, topics: { publish: [], subscribe } }, admin);
		return (await access.brokerAuthenticator()(knock(secret))) as BrokerRights;
	};
	const may = async (roles: ("engineer" | "operator")[], subscribe: string[]) => {
		const rights = await rightsWith(roles, subscribe);
		return [rights.maySubscribe("$SYS/#"), rights.maySubscribe("$share/g/$SYS/#"), rights.mayReceive("$SYS/broker/uptime")];
	};
	expect(await may(["engineer"], ["$SYS/#"])).toEqual([true, true, true]);
	expect(await may(["operator"], ["$SYS/#"])).toEqual([false, false, false]);
	expect(await may(["engineer"], ["#"])).toEqual([false, false, false]);
});
