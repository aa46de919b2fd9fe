import { expect, test } from "vitest";
import { accessForTest, browserOf, codeOf, goodPassword } from "./access-for-test.ts";

test("only the hash of a token is kept", async () => {
	const { setUp, records } = await accessForTest();
	const { browser } = await setUp();
	const token = browser.token as string;
	expect(Buffer.from(token, "base64url")).toHaveLength(32);
	const rows = records.database.prepare("SELECT * FROM access_sessions").all();
	expect(rows).toHaveLength(1);
	expect(JSON.stringify(rows)).not.toContain(token);
});

test("identifying costs no query, and last-seen is written once a minute at most", async () => {
	const { setUp, records, clock, access } = await accessForTest();
	const { browser } = await setUp();
	records.queries.length = 0;
	for (let i = 0; i < 100; i++) await browser.call();
	expect(records.queries).toEqual([]);
	for (let second = 0; second < 121; second++) {
		await clock.advance(1000);
		await browser.call();
	}
	await access.part.stop();
	expect(records.queries.filter((kind) => kind === "UpdateQueryNode")).toHaveLength(2 + 2);
	const row = records.database.prepare("SELECT last_seen_at FROM access_sessions").get();
	expect(row?.last_seen_at).toBe(clock.nowMs() - 1000);
	expect(records.database.prepare("SELECT last_seen_at FROM access_people").get()?.last_seen_at).toBe(clock.nowMs() - 1000);
});

test("a session slides while it is used and ends after the idle time without use", async () => {
	const { setUp, clock } = await accessForTest({ settings: { session: { idle: "1 h", longest: "7 d" } } });
	const { browser } = await setUp();
	for (let i = 0; i < 5; i++) {
		await clock.advance(59 * 60_000);
		expect((await browser.call()).principal.name).toBe("Ada");
	}
	await clock.advance(60 * 60_000);
	expect((await browser.call()).principal.id).toBe("anonymous");
});

test("a session ends after its longest time however it is used", async () => {
	const { setUp, clock, records } = await accessForTest({ settings: { session: { idle: "1 h", longest: "2 h" } } });
	const { browser } = await setUp();
	for (let i = 0; i < 3; i++) {
		await clock.advance(35 * 60_000);
		expect((await browser.call()).principal.name).toBe("Ada");
	}
	await clock.advance(15 * 60_000);
	expect((await browser.call()).principal.id).toBe("anonymous");
	await clock.advance(30_000);
	expect(records.database.prepare("SELECT count(*) AS n FROM access_sessions").get()?.n).toBe(0);
});

test("sessions are listed with where they are, and ended one by one", async () => {
	const { access, service, setUp } = await accessForTest();
	const { browser, me } = await setUp();
	const other = browserOf(access, "10.0.0.2");
	await service.signIn({ login: "ada", password: goodPassword }, await other.call());
	const { sessions } = await service.sessions({ everyone: false }, await browser.call());
	expect(sessions.every((one) => one.person === me.id)).toBe(true);
	expect(new Map(sessions.map((one) => [one.from, one.current]))).toEqual(
		new Map([
			["10.0.0.1", true],
			["10.0.0.2", false],
		]),
	);
	const heard: unknown[] = [];
	access.onRevoked((revocation) => heard.push(revocation));
	const id = sessions.find((one) => !one.current)?.id as string;
	await service.endSession({ id }, await browser.call());
	expect((await other.call()).principal.id).toBe("anonymous");
	expect(heard).toEqual([{ principal: me.id, session: id }]);
	expect(await codeOf(service.endSession({ id }, await browser.call()))).toBe("access.session-unknown");
});

test("only administrators and security see and end the sessions of others", async () => {
	const { service, setUp, addPerson } = await accessForTest();
	const ada = await setUp();
	const bob = await addPerson("bob", ["operator"]);
	const eve = await addPerson("evelyn", ["security"]);
	expect(await codeOf(service.sessions({ everyone: true }, await bob.browser.call()))).toBe("access.sessions-denied");
	expect((await service.sessions({ everyone: true }, await eve.browser.call())).sessions).toHaveLength(3);
	const adas = (await service.sessions({ everyone: false }, await ada.browser.call())).sessions[0]?.id as string;
	expect(await codeOf(service.endSession({ id: adas }, await bob.browser.call()))).toBe("access.session-unknown");
	await service.endSession({ id: adas }, await eve.browser.call());
	expect((await ada.browser.call()).principal.id).toBe("anonymous");
});

test("a person has fifty sessions at most; the one longest unused gives way", async () => {
	const { access, service, setUp, clock } = await accessForTest();
	const { browser } = await setUp();
	for (let i = 0; i < 50; i++) {
		await clock.advance(1000);
		await service.signIn({ login: "ada", password: goodPassword }, await browserOf(access, `10.0.2.${i}`).call());
	}
	expect((await browser.call()).principal.id).toBe("anonymous");
	expect(access.part.figures?.().find((one) => one.name === "access_sessions")?.value).toBe(50);
});

test("an ended session is over even while the database is away", async () => {
	const { service, setUp, records } = await accessForTest();
	const { browser } = await setUp();
	const call = await browser.call();
	records.database.exec("ALTER TABLE access_sessions RENAME TO gone");
	expect(await codeOf(service.endSession({ id: call.session as string }, call))).toBe("records.query-failed");
	expect((await browser.call()).principal.id).toBe("anonymous");
});

test("last-seen times that cannot be written degrade health, not the request", async () => {
	const { access, setUp, records, clock } = await accessForTest();
	const { browser } = await setUp();
	expect(access.part.health?.().state).toBe("good");
	records.database.exec("ALTER TABLE access_sessions RENAME TO gone");
	await clock.advance(61_000);
	expect((await browser.call()).principal.name).toBe("Ada");
	await clock.advance(0);
	expect(access.part.health?.()).toMatchObject({ state: "degraded" });
});
