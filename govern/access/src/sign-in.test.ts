import { expect, test } from "vitest";
import { accessForTest, browserOf, codeOf, goodPassword, quickPasswords } from "./access-for-test.ts";
import { createPasswords } from "./passwords.ts";

test("a person signs in with the login in any case, and is told to the bus", async () => {
	const { access, service, setUp, events } = await accessForTest({ passwords: createPasswords() });
	const { me } = await setUp();
	const browser = browserOf(access, "10.0.0.7");
	expect(await service.signIn({ login: " ADA ", password: goodPassword }, await browser.call())).toMatchObject({
		id: me.id,
		login: "ada",
	});
	expect((await browser.call()).principal.id).toBe(me.id);
	expect(events.at(-1)).toMatchObject({ name: "access.signed-in", data: { person: me.id, from: "10.0.0.7" } });
});

test("unknown login, wrong password and deactivated person get the same answer after the same work", async () => {
	const passwords = quickPasswords();
	const { service, setUp, addPerson, admin, events } = await accessForTest({ passwords });
	await setUp();
	const { person } = await addPerson("bob", ["operator"]);
	await service.updatePerson({ id: person.id, active: false, resetPassword: false }, admin);
	passwords.verified.length = 0;
	const answers: unknown[] = [];
	for (const login of ["nobody", "ada", "bob"])
		answers.push(
			await service
				.signIn({ login, password: login === "bob" ? goodPassword : "wrong" })
				.catch((thrown: Error) => JSON.stringify(thrown)),
		);
	expect(new Set(answers).size).toBe(1);
	expect(answers[0]).toContain("access.sign-in-failed");
	expect(passwords.verified).toHaveLength(3);
	expect(events.filter((one) => one.name === "access.sign-in-failed")).toHaveLength(3);
});

test("an unknown login costs a real hash", async () => {
	const passwords = createPasswords();
	const before = process.cpuUsage();
	await passwords.verify(undefined, "x");
	await passwords.verify(undefined, "x");
	// Hashing 19 MiB twice over takes at least a few ms of anybody's processor; answering at once takes none.
	expect(process.cpuUsage(before).user + process.cpuUsage(before).system).toBeGreaterThan(4000);
});

test("after too many failures even the right password has to wait", async () => {
	const { access, service, setUp, clock } = await accessForTest({ settings: { attempts: 3 } });
	await setUp();
	const browser = browserOf(access, "10.0.0.8");
	for (let i = 0; i < 3; i++)
		expect(await codeOf(service.signIn({ login: "ada", password: "wrong" }, await browser.call()))).toBe("access.sign-in-failed");
	const refused = service.signIn({ login: "ada", password: goodPassword }, await browser.call());
	await expect(refused).rejects.toMatchObject({ code: "access.too-many-attempts", kind: "busy", hint: "Try again in 1 s." });
	await clock.advance(1000);
	expect((await service.signIn({ login: "ada", password: goodPassword }, await browser.call())).login).toBe("ada");
});

test("a stranger who keeps guessing does not keep a person out where that person is signed in", async () => {
	const { access, service, setUp } = await accessForTest({ settings: { attempts: 3 } });
	await setUp();
	for (let i = 0; i < 10; i++)
		await codeOf(service.signIn({ login: "ada", password: "wrong" }, await browserOf(access, `10.6.6.${i}`).call()));
	const elsewhere = await browserOf(access, "10.0.0.7").call();
	expect(await codeOf(service.signIn({ login: "ada", password: goodPassword }, elsewhere))).toBe("access.too-many-attempts");
	const atHome = browserOf(access, "10.0.0.1");
	expect((await service.signIn({ login: "ada", password: goodPassword }, await atHome.call())).login).toBe("ada");
	for (let i = 0; i < 3; i++) await codeOf(service.signIn({ login: "ada", password: "wrong" }, await atHome.call()));
	expect(await codeOf(service.signIn({ login: "ada", password: goodPassword }, await atHome.call()))).toBe(
		"access.too-many-attempts",
	);
});

test("a hundred guesses at once do not slip through the limit", async () => {
	const passwords = quickPasswords();
	const { service, setUp } = await accessForTest({ settings: { attempts: 5 }, passwords });
	await setUp();
	passwords.verified.length = 0;
	await Promise.allSettled(Array.from({ length: 100 }, () => service.signIn({ login: "ada", password: "wrong" })));
	expect(passwords.verified).toHaveLength(5);
});

test("a failing database is not the person's failed attempt", async () => {
	const { access, service, setUp, records } = await accessForTest({ settings: { attempts: 3 } });
	await setUp();
	records.database.exec("ALTER TABLE access_sessions RENAME TO gone");
	const browser = browserOf(access, "10.0.0.9");
	for (let i = 0; i < 10; i++)
		expect(await codeOf(service.signIn({ login: "ada", password: goodPassword }, await browser.call()))).toBe(
			"records.query-failed",
		);
	records.database.exec("ALTER TABLE gone RENAME TO access_sessions");
	expect((await service.signIn({ login: "ada", password: goodPassword }, await browser.call())).login).toBe("ada");
});

test("a password reset while a sign-in is being checked wins", async () => {
	const quick = quickPasswords();
	let meanwhile: (() => Promise<unknown>) | undefined;
	const passwords = {
		...quick,
		async verify(hashed: string | undefined, password: string) {
			await meanwhile?.();
			return quick.verify(hashed, password);
		},
	};
	const { access, service, setUp, admin } = await accessForTest({ passwords });
	const { me } = await setUp();
	meanwhile = async () => {
		meanwhile = undefined;
		await service.updatePerson({ id: me.id, resetPassword: true }, admin);
	};
	const browser = browserOf(access);
	expect(await codeOf(service.signIn({ login: "ada", password: goodPassword }, await browser.call()))).toBe(
		"access.sign-in-failed",
	);
	expect(browser.token).toBeUndefined();
});

test("signing out ends the session and clears the cookie", async () => {
	const { access, service, setUp } = await accessForTest();
	const { browser } = await setUp();
	const token = browser.token as string;
	await service.signOut({}, await browser.call());
	expect(browser.token).toBeUndefined();
	expect(await access.gatekeeper.identify({ sessionToken: token, address: "10.0.0.1", agent: "" })).toBeUndefined();
});

test("signing in again in the same browser replaces its session", async () => {
	const { access, service, setUp } = await accessForTest();
	const { browser } = await setUp();
	const old = browser.token as string;
	await service.signIn({ login: "ada", password: goodPassword }, await browser.call());
	expect(browser.token).not.toBe(old);
	expect(await access.gatekeeper.identify({ sessionToken: old, address: "", agent: "" })).toBeUndefined();
	expect((await service.sessions({ everyone: false }, await browser.call())).sessions).toHaveLength(1);
});
