import { guard } from "@millwright/platform";
import { silentLog } from "@millwright/runtime";
import { expect, test } from "vitest";
import { accessForTest, browserOf, codeOf, goodPassword, recordsForTest } from "./access-for-test.ts";
import { accessApi } from "./api.ts";

test("a new person gets a first password once, may do nothing before changing it, and is somebody afterwards", async () => {
	const { access, service, setUp, admin } = await accessForTest();
	await setUp();
	const { person, firstPassword } = await service.addPerson(
		{ login: "bob", name: "Bob", roles: ["engineer", "engineer"] },
		admin,
	);
	expect(person).toMatchObject({ login: "bob", roles: ["engineer"], active: true, mustChangePassword: true });
	const browser = browserOf(access);
	const me = await service.signIn({ login: "bob", password: firstPassword }, await browser.call());
	expect(me).toMatchObject({
		roles: [],
		clearance: "public",
		mustChangePassword: true,
		may: ["access.me", "access.updateMe", "access.signOut"],
	});
	expect((await browser.call()).principal.roles).toEqual([]);
	expect(await codeOf(service.sessions({ everyone: false }, await browser.call()))).toBe("access.password-must-change");
	expect(await codeOf(service.endSession({ id: "session_x" }, await browser.call()))).toBe("access.password-must-change");

	const after = await service.updateMe({ password: { now: firstPassword, next: goodPassword } }, await browser.call());
	expect(after).toMatchObject({ roles: ["engineer"], clearance: "restricted", mustChangePassword: false });
	expect((await browser.call()).principal.roles).toEqual(["engineer"]);
	expect(JSON.stringify(await service.people({}, admin))).not.toContain("quick:");
});

test("behind the platform's guard a person who must change the password gets through to three operations only", async () => {
	const { access, service, setUp, admin } = await accessForTest();
	await setUp();
	const { firstPassword } = await service.addPerson({ login: "bob", name: "Bob", roles: ["administrator"] }, admin);
	const browser = browserOf(access);
	await service.signIn({ login: "bob", password: firstPassword }, await browser.call());
	const doors = guard("access", accessApi, service, { audit: { record: async () => undefined }, log: silentLog });
	const admitted: string[] = [];
	for (const [name, { allow }] of Object.entries(accessApi)) {
		if (allow === "anyone") continue;
		// An input that fits none: who may not call hears that first.
		const code = await codeOf(doors[name as keyof typeof doors]({ name: 7, id: 7, login: 7, everyone: 7 }, await browser.call()));
		if (code !== "platform.role-denied" && code !== "platform.clearance-denied") admitted.push(`access.${name}`);
		if (name === "signOut") await service.signIn({ login: "bob", password: firstPassword }, await browser.call());
	}
	const may = (await service.me({}, await browser.call())).may;
	expect(admitted.toSorted()).toEqual(["access.me", "access.signOut", "access.updateMe"]);
	expect(may.toSorted()).toEqual(admitted.toSorted());
});

test("changing the password needs the present one, other than it, and ends every other session", async () => {
	const { access, service, setUp } = await accessForTest();
	const { browser } = await setUp();
	const other = browserOf(access, "10.0.0.2");
	await service.signIn({ login: "ada", password: goodPassword }, await other.call());
	const change = async (now: string, next: string) => service.updateMe({ password: { now, next } }, await browser.call());
	expect(await codeOf(change("wrong", "otra frase muy larga"))).toBe("access.password-wrong");
	expect(await codeOf(change(goodPassword, goodPassword))).toBe("access.password-same");
	expect(await codeOf(change(goodPassword, "short"))).toBe("access.password-weak");
	const old = browser.token as string;
	await change(goodPassword, "otra frase muy larga");
	expect((await other.call()).principal.id).toBe("anonymous");
	expect(await access.gatekeeper.identify({ sessionToken: old, address: "", agent: "" })).toBeUndefined();
	expect((await browser.call()).principal.name).toBe("Ada");
	expect(await codeOf(service.signIn({ login: "ada", password: goodPassword }, await other.call()))).toBe(
		"access.sign-in-failed",
	);
});

test("guessing the present password in a stolen session is limited too", async () => {
	const { service, setUp } = await accessForTest({ settings: { attempts: 3 } });
	const { browser } = await setUp();
	const guess = async () =>
		codeOf(service.updateMe({ password: { now: "wrong", next: "otra frase muy larga" } }, await browser.call()));
	expect([await guess(), await guess(), await guess(), await guess()]).toEqual([
		"access.password-wrong",
		"access.password-wrong",
		"access.password-wrong",
		"access.too-many-attempts",
	]);
});

test("name and language change without touching the session", async () => {
	const { service, setUp } = await accessForTest();
	const { browser } = await setUp();
	const token = browser.token;
	expect(await service.updateMe({ name: "Ada L.", language: "es" }, await browser.call())).toMatchObject({
		name: "Ada L.",
		language: "es",
	});
	expect(browser.token).toBe(token);
	expect((await browser.call()).principal.name).toBe("Ada L.");
});

test("roles take effect at once in running sessions", async () => {
	const { service, setUp, addPerson, admin, access } = await accessForTest();
	await setUp();
	const { person, browser } = await addPerson("bob", ["operator"]);
	const heard: unknown[] = [];
	access.onRevoked((revocation) => heard.push(revocation));
	await service.updatePerson({ id: person.id, roles: ["quality"], resetPassword: false }, admin);
	expect((await browser.call()).principal.roles).toEqual(["quality"]);
	expect(heard).toEqual([{ principal: person.id }]);
});

test("deactivating and resetting end every session at once", async () => {
	const { service, setUp, addPerson, admin } = await accessForTest();
	await setUp();
	const bob = await addPerson("bob", ["operator"]);
	await service.updatePerson({ id: bob.person.id, active: false, resetPassword: false }, admin);
	expect((await bob.browser.call()).principal.id).toBe("anonymous");
	const eve = await addPerson("eve", ["operator"]);
	const { firstPassword } = await service.updatePerson({ id: eve.person.id, resetPassword: true }, admin);
	expect((await eve.browser.call()).principal.id).toBe("anonymous");
	expect(await service.signIn({ login: "eve", password: firstPassword as string }, await eve.browser.call())).toMatchObject({
		mustChangePassword: true,
	});
});

test("the last active administrator cannot be deactivated or demoted, and a second one frees the first", async () => {
	const { service, setUp, addPerson, admin } = await accessForTest();
	const { me } = await setUp();
	const stop = { id: me.id, active: false, resetPassword: false };
	const demote = { id: me.id, roles: ["operator" as const], resetPassword: false };
	expect(await codeOf(service.updatePerson(stop, admin))).toBe("access.last-administrator");
	expect(await codeOf(service.updatePerson(demote, admin))).toBe("access.last-administrator");
	const { person } = await addPerson("bob", ["administrator"]);
	const both = await Promise.allSettled([
		service.updatePerson(stop, admin),
		service.updatePerson({ ...stop, id: person.id }, admin),
	]);
	expect(both.filter((one) => one.status === "fulfilled")).toHaveLength(1);
});

test("a login belongs to one person, also when two add it at once", async () => {
	const { service, setUp, admin } = await accessForTest();
	await setUp();
	const add = () => service.addPerson({ login: "bob", name: "Bob", roles: ["operator"] }, admin);
	const codes = await Promise.all([codeOf(add()), codeOf(add())]);
	expect(codes.sort()).toEqual(["access.login-taken", "nothing thrown"]);
	expect(await codeOf(service.updatePerson({ id: "user_x", resetPassword: false }, admin))).toBe("access.person-unknown");
});

test("people, passwords and sessions survive a restart", async () => {
	const records = recordsForTest();
	const before = await accessForTest({ records });
	const { browser } = await before.setUp();
	const bob = await before.addPerson("bob", ["quality", "operator"]);
	await before.service.updateMe({ language: "es" }, await bob.browser.call());
	await before.access.part.stop();

	const after = await accessForTest({ records });
	expect((await after.access.gatekeeper.identify({ sessionToken: browser.token, address: "", agent: "" }))?.principal.name).toBe(
		"Ada",
	);
	const people = (await after.service.people({}, after.admin)).people;
	expect(people.find((one) => one.login === "bob")).toMatchObject({
		roles: ["quality", "operator"],
		language: "es",
		mustChangePassword: false,
	});
	expect(await after.service.signIn({ login: "bob", password: goodPassword })).toMatchObject({ login: "bob" });
});

test("a key has no profile and the system is itself", async () => {
	const { service, admin } = await accessForTest();
	expect(await service.me({}, admin)).toMatchObject({ id: "system", roles: ["administrator"] });
	expect(await codeOf(service.updateMe({ name: "x" }, admin))).toBe("access.not-a-person");
});
