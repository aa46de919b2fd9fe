import { MillwrightError } from "@millwright/core";
import { silentLog } from "@millwright/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryAudit, type Press, people, pressApi, pressService } from "../for-test.ts";
import { guard } from "./guard.ts";
import { auditable, withoutSecrets } from "./redact.ts";

function pressForTest(over: Partial<Press> = {}, checkOutput = true) {
	const audit = memoryAudit();
	const service = pressService(over);
	return { press: guard("press", pressApi, service, { audit, log: silentLog, checkOutput }), audit, service };
}
const { emma, olga, bare } = people;

test("nobody may call what anyone may, and nothing else", async () => {
	const { press, audit } = pressForTest();
	expect(await press.setup({}, {})).toEqual({ needed: false });
	await expect(press.state({ asset: "a" }, {})).rejects.toMatchObject({
		code: "platform.sign-in-required",
		kind: "unauthenticated",
	});
	await expect(press.setLimits({ asset: "a" }, {})).rejects.toMatchObject({ kind: "unauthenticated" });
	expect(audit.entries).toEqual([]);
});

test("a role that is not named is denied, told whom to ask, and the attempt is written down", async () => {
	const { press, audit, service } = pressForTest();
	await expect(press.setLimits({ asset: "a" }, { principal: olga, from: "10.0.0.7" })).rejects.toMatchObject({
		code: "platform.role-denied",
		kind: "denied",
		hint: expect.stringContaining("engineer"),
	});
	expect(service.calls).toEqual([]);
	expect(audit.entries).toMatchObject([
		{ who: { id: "user_olga" }, from: "10.0.0.7", outcome: "refused", code: "platform.role-denied" },
	]);
});

test("clearance holds even where the role would do", async () => {
	const { press } = pressForTest();
	expect(await press.recipe({}, { principal: emma })).toEqual({ recipe: "salt" });
	await expect(press.recipe({}, { principal: olga })).rejects.toMatchObject({ code: "platform.clearance-denied" });
	await expect(press.state({ asset: "a" }, { principal: bare })).rejects.toMatchObject({ code: "platform.clearance-denied" });
});

test("input is checked, defaults are filled in, and the first wrong field is named", async () => {
	const { press } = pressForTest();
	expect(await press.state({ asset: "a" }, { principal: olga })).toEqual({ asset: "a", limit: 10, tags: [] });
	await expect(press.query({ range: { from: 1, until: "x" } }, { principal: olga })).rejects.toMatchObject({
		code: "press.input-invalid",
		kind: "input",
		place: "range.until",
	});
	await expect(press.state({ asset: "a", tags: ["x", 3] }, { principal: olga })).rejects.toMatchObject({ place: "tags[1]" });
});

test("a write is on record, with its reason and without its secrets, before it is answered", async () => {
	const { press, audit } = pressForTest();
	let release = () => {};
	const written = new Promise<void>((resolve) => {
		release = resolve;
	});
	const record = audit.record.bind(audit);
	audit.record = async (entry) => {
		await written;
		await record(entry);
	};
	let answered = false;
	const answer = press
		.setLimits({ asset: "a", login: { pin: "1234", user: "u" } }, { principal: emma, why: "wear" })
		.then((output) => {
			answered = true;
			return output;
		});
	await new Promise((resolve) => setImmediate(resolve));
	expect(answered).toBe(false);
	release();
	expect(await answer).toEqual({ done: true });
	expect(audit.entries).toEqual([
		{
			who: emma,
			from: "internal",
			what: "press.setLimits",
			input: { asset: "a", login: { pin: "[secret]", user: "u" } },
			why: "wear",
			outcome: "done",
			code: "",
		},
	]);
});

test("reads leave the audit log alone", async () => {
	const { press, audit } = pressForTest();
	await press.state({ asset: "a" }, { principal: emma });
	expect(audit.entries).toEqual([]);
});

test("a write whose entry cannot be written is answered as an outage that says it was done", async () => {
	const { press, audit, service } = pressForTest();
	audit.broken = true;
	await expect(press.setLimits({ asset: "a" }, { principal: emma })).rejects.toMatchObject({
		code: "platform.audit-failed",
		kind: "outage",
		data: { done: true },
	});
	expect(service.calls).toEqual(["a"]);
});

test("refusals by the service are refused, its failures failed", async () => {
	const fails = (error: unknown) => pressForTest({ setLimits: () => Promise.reject(error) });
	for (const [error, outcome, code] of [
		[new MillwrightError("press.locked", "Locked", { kind: "conflict" }), "refused", "press.locked"],
		[new MillwrightError("press.away", "Away", { kind: "outage" }), "failed", "press.away"],
		[new TypeError("x is undefined"), "failed", "press.unexpected"],
	] as const) {
		const { press, audit } = fails(error);
		await expect(press.setLimits({ asset: "a" }, { principal: emma })).rejects.toMatchObject({ code });
		expect(audit.entries).toMatchObject([{ outcome, code }]);
	}
});

test("of an input that was refused only known fields are kept", async () => {
	const { press, audit } = pressForTest();
	await expect(press.setLimits({ asset: "", pasword: "hunter2" }, { principal: emma })).rejects.toThrow();
	expect(audit.entries).toMatchObject([{ outcome: "refused", code: "press.input-invalid" }]);
	expect(JSON.stringify(audit.entries)).not.toContain("hunter2");
});

test("an answer out of contract is a bug in development", async () => {
	const wrong = { setup: async () => ({ needed: "yes" }) as unknown as { needed: boolean } };
	await expect(pressForTest(wrong).press.setup({}, {})).rejects.toMatchObject({ code: "platform.output-invalid", kind: "bug" });
	expect(await pressForTest(wrong, false).press.setup({}, {})).toEqual({ needed: "yes" });
});

test("secrets go at any depth, in lists, under any key, and by their usual names", () => {
	const input = { a: { pin: "1", b: [{ pin: "2", x: 1 }] }, users: { eve: { pin: "3" } }, settings: { deep: { password: "4" } } };
	expect(withoutSecrets(input, ["a.pin", "a.b.pin", "users.*.pin"])).toEqual({
		a: { pin: "[secret]", b: [{ pin: "[secret]", x: 1 }] },
		users: { eve: { pin: "[secret]" } },
		settings: { deep: { password: "[secret]" } },
	});
	expect(withoutSecrets({ password: { now: "a", next: "b" } }, ["password"])).toEqual({ password: "[secret]" });
	expect(withoutSecrets({ userPassword: "a", clientSecret: ["b", "c"], authToken: "d", tokens: 3, user: "e" }, [])).toEqual({
		userPassword: "[secret]",
		clientSecret: ["[secret]", "[secret]"],
		authToken: "[secret]",
		tokens: 3,
		user: "e",
	});
});

test("no secret survives, wherever the path leads", () => {
	const key = fc.constantFrom("a", "b", "c");
	fc.assert(
		fc.property(fc.array(key, { minLength: 1, maxLength: 4 }), (path) => {
			const input = path.reduceRight<unknown>((inner, part) => ({ [part]: inner, keep: 1 }), "s3cr3t");
			const clean = JSON.stringify(withoutSecrets(input, [path.join(".")]));
			expect(clean).not.toContain("s3cr3t");
			expect(clean).toContain("keep");
		}),
	);
});

test("an input too long to read is kept by its hash", () => {
	expect(auditable({ text: "x".repeat(40_000) }, [])).toEqual({
		tooLong: 40_011,
		sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
	});
});
