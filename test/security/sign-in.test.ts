import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { administrator, type Session, signIn, until } from "../kit/platform.ts";
import { callerAt } from "./caller.ts";
import { type EmptyPlant, startEmptyPlant } from "./empty-plant.ts";
import { postFrom } from "./http-from.ts";

let plant: EmptyPlant;
let admin: Session;
const code = () => plant.server.ready.setupCode as string;
const setUp = (given: string, from: string, name = "Ada") =>
	postFrom(plant.url, "/api/access/setup/complete", { ...administrator, name, code: given }, { from });

beforeAll(async () => {
	plant = await startEmptyPlant();
}, 120_000);
afterAll(() => plant?.stop());

test("guessing the set-up code is slowed down, even for somebody who then has the right one", async () => {
	const codes: string[] = [];
	for (let i = 0; i < 6; i++) codes.push((await setUp(`AAAA-AAAA-AAAA-AAA${i}`, "127.0.0.2")).code);
	expect(codes).toEqual([...Array.from({ length: 5 }, () => "access.setup-code-wrong"), "access.too-many-attempts"]);
	expect((await setUp(code(), "127.0.0.2")).code).toBe("access.too-many-attempts");
});

test("of many who come with the code at once, one becomes the administrator", async () => {
	const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => setUp(code(), `127.0.0.${10 + i}`, `Ada ${i}`)));
	const winners = answers.filter(({ status }) => status === 200);
	expect(winners).toHaveLength(1);
	expect(new Set(answers.filter(({ status }) => status !== 200).map((one) => one.code))).toEqual(new Set(["access.setup-done"]));
	expect((await setUp(code(), "127.0.0.30", "Eve")).code).toBe("access.setup-done");
	expect((await callerAt(plant.url).call("access", "setup")).body).toMatchObject({ needed: false });
	admin = await signIn({ url: plant.url });
	const { name } = JSON.parse((winners[0] as { text: string }).text) as { name: string };
	expect((await admin.access.people({})).people.map((person) => person.name)).toEqual([name]);
});

test("a session is a cookie no script reads and no other site sends, new at every sign-in", async () => {
	const planted = "millwright_session=chosen-by-an-attacker";
	const answer = await postFrom(
		plant.url,
		"/api/access/sign-in",
		{ login: "ada", password: administrator.password },
		{ from: "127.0.0.40", headers: { cookie: planted } },
	);
	const cookie = String(answer.headers["set-cookie"]);
	expect(cookie).toMatch(/^millwright_session=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/);
	expect(answer.text).not.toContain(cookie.slice(19, 62));
	const me = (value: string) => postFrom(plant.url, "/api/access/me", {}, { headers: { cookie: value } });
	expect((await me(planted)).status).toBe(401);
	const mine = cookie.split(";")[0] as string;
	expect((await me(mine)).status).toBe(200);
	const again = await postFrom(
		plant.url,
		"/api/access/sign-in",
		{ login: "ada", password: administrator.password },
		{ from: "127.0.0.40", headers: { cookie: mine } },
	);
	expect((await me(mine)).status).toBe(401);
	const next = String(again.headers["set-cookie"]).split(";")[0] as string;
	await postFrom(plant.url, "/api/access/sign-out", {}, { headers: { cookie: next } });
	expect((await me(next)).status).toBe(401);
});

test("whoever is deactivated, demoted or given a new password loses what they had at once, open lines too", async () => {
	const { person, firstPassword } = await admin.access.addPerson({ login: "olga", name: "Olga", roles: ["engineer"] });
	const olga = callerAt(plant.url);
	await olga.call("access", "signIn", { login: "olga", password: firstPassword });
	// Until the first password is changed: nothing but that.
	expect((await olga.call("twin", "overview")).status).toBe(403);
	expect((await olga.call("access", "sessions")).status).toBe(403);
	await olga.call("access", "updateMe", { password: { now: firstPassword, next: "a sentence of Olga's" } });
	expect((await olga.call("sense", "certificates")).status).toBe(200);

	await admin.access.updatePerson({ id: person.id, roles: ["operator"] });
	expect((await olga.call("sense", "certificates")).status).toBe(403);

	const line = new WebSocket(`${plant.url.replace("http", "ws")}/api/live`, { headers: { cookie: olga.cookie } });
	await new Promise((resolve) => line.addEventListener("open", resolve));
	const closed = new Promise((resolve) => line.addEventListener("close", ({ code }) => resolve(code)));
	await admin.access.updatePerson({ id: person.id, active: false });
	expect(await closed).toBe(4401);
	expect((await olga.call("access", "me")).status).toBe(401);
	expect((await callerAt(plant.url).call("access", "signIn", { login: "olga", password: "a sentence of Olga's" })).status).toBe(
		401,
	);
	await expect(admin.access.updatePerson({ id: (await admin.access.me({})).id, roles: ["operator"] })).rejects.toMatchObject({
		code: "access.last-administrator",
	});
});

test("a wrong login and a wrong password are answered alike, and guessing waits", async () => {
	const tryAs = (login: string, from: string) =>
		postFrom(plant.url, "/api/access/sign-in", { login, password: "not it" }, { from });
	const [known, unknown] = [await tryAs("ada", "127.0.0.50"), await tryAs("nobody-here", "127.0.0.51")];
	expect([known.status, known.text]).toEqual([unknown.status, unknown.text]);
	// From ever new addresses at once: the account counts, before the password is looked at.
	const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => tryAs("victim", `127.0.1.${i + 1}`)));
	expect(answers.filter((answer) => answer.code === "access.sign-in-failed")).toHaveLength(5);
	expect(answers.filter((answer) => answer.code === "access.too-many-attempts")).toHaveLength(25);
});

test("a flood of sign-ins is turned away and others are served meanwhile", async () => {
	let answered = 0;
	const flood = Array.from({ length: 120 }, async (_, i) => {
		const answer = await postFrom(
			plant.url,
			"/api/access/sign-in",
			{ login: `flood-${i}`, password: "x".repeat(256) },
			{ from: `127.0.2.${i + 1}` },
		);
		answered++;
		return answer.code;
	});
	// Served while passwords are still being looked at, and with its password right.
	expect((await admin.access.me({})).login).toBe("ada");
	expect(answered).toBeLessThan(120);
	const codes = await Promise.all(flood);
	expect(new Set(codes)).toEqual(new Set(["access.sign-in-failed", "access.busy"]));
	expect(codes.filter((one) => one === "access.busy").length).toBeGreaterThan(20);
});

test("no password, code, token or key is written down anywhere", async () => {
	const { secret } = await admin.access.addKey({ name: "mes", roles: ["operator"] });
	const { firstPassword } = await admin.access.addPerson({ login: "pia", name: "Pia", roles: ["operator"] });
	await postFrom(plant.url, "/api/access/sign-in", { login: "pia", password: firstPassword, pasword: "misspelt secret" });
	await admin.sense
		.testRead({
			driver: "modbus",
			settings: { host: "127.0.0.1", port: 1, unit: 1, userPassword: "machine secret", nested: { authToken: ["machine token"] } },
			addresses: [{ register: 0 }],
		})
		.catch(() => undefined);
	const tokens = [admin.cookie.split("=")[1] as string];
	const secrets = [code(), administrator.password, firstPassword, secret, "misspelt secret", "machine secret", "machine token"];
	await until(
		async () => readFileSync(join(plant.data, "audit.jsonl"), "utf8"),
		(text) => text.includes("sense.testRead"),
		{ what: "the audit entry" },
	);
	const written = readdirSync(plant.data, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString("latin1"));
	expect(written.length).toBeGreaterThan(5);
	for (const text of [...written, plant.server.errors()])
		for (const word of [...secrets, ...tokens]) expect(text).not.toContain(word);
});

test("the audit log keeps a stranger's words as words, and stays whole", async () => {
	const forged = 'ada","password":"x"}\n{"number":1,"what":"access.addKey","outcome":"done"}\u001b[2J';
	await postFrom(plant.url, "/api/access/sign-in", { login: forged.slice(0, 64), password: "x" }, { from: "127.0.0.60" });
	const why = encodeURIComponent("because\n{}\r\u2028<script>");
	await postFrom(plant.url, "/api/access/sign-out", {}, { headers: { cookie: admin.cookie, "x-millwright-why": why } });
	admin = await signIn({ url: plant.url });
	expect(await admin.audit.verify({})).toMatchObject({ whole: true });
	const { entries } = await admin.audit.entries({ what: "access.signOut" });
	expect(entries[0]?.why).toBe(decodeURIComponent(why));
	// Searching it is a question about text, not a piece of SQL.
	for (const on of ["%", "_", "' OR 1=1 --", "!%"]) expect((await admin.audit.entries({ on, what: "x" })).total).toBe(0);
	expect((await admin.audit.entries({ who: "' OR '1'='1" })).total).toBe(0);
	for (const line of plant.server.errors().trim().split("\n").slice(1)) expect(() => JSON.parse(line)).not.toThrow();
});

test("what the platform writes is for its own user alone", () => {
	const modes = readdirSync(plant.data, { recursive: true, withFileTypes: true }).map(
		(entry) => statSync(join(entry.parentPath, entry.name)).mode & 0o077,
	);
	expect(modes.length).toBeGreaterThan(5);
	expect(new Set(modes)).toEqual(new Set([0]));
});
