import { expect, test } from "vitest";
import { accessForTest, browserOf, codeOf, goodPassword, recordsForTest } from "./access-for-test.ts";

const first = { login: "ada", name: "Ada", password: goodPassword };

test("the first start waits for its code, makes an administrator, signs in and closes for good", async () => {
	const { access, service } = await accessForTest();
	expect(await service.setup({})).toEqual({ needed: true, minLength: 12 });
	const code = access.setupCode() as string;
	expect(code).toMatch(/^[A-Z3-9]{4}(-[A-Z3-9]{4}){3}$/);
	const browser = browserOf(access);
	const me = await service.completeSetup({ code, ...first }, await browser.call());
	expect(me).toMatchObject({ login: "ada", roles: ["administrator"], clearance: "restricted", mustChangePassword: false });
	expect((await browser.call()).principal).toMatchObject({ id: me.id, kind: "person", roles: ["administrator"] });
	expect(await service.setup({})).toMatchObject({ needed: false });
	expect(access.setupCode()).toBeUndefined();
	expect(await codeOf(service.completeSetup({ code, ...first, login: "eve" }))).toBe("access.setup-done");
});

test("the code may be typed in small letters without hyphens", async () => {
	const { access, service } = await accessForTest();
	const code = (access.setupCode() as string).toLowerCase().replaceAll("-", " ");
	expect((await service.completeSetup({ code, ...first })).login).toBe("ada");
});

test("a weak password does not cost the code", async () => {
	const { access, service } = await accessForTest();
	const code = access.setupCode() as string;
	expect(await codeOf(service.completeSetup({ code, ...first, password: "kort" }))).toBe("access.password-weak");
	expect((await service.completeSetup({ code, ...first })).login).toBe("ada");
});

test("wrong codes have to wait, per address", async () => {
	const { access, service } = await accessForTest({ settings: { attempts: 3 } });
	const code = access.setupCode() as string;
	const attacker = browserOf(access, "10.9.9.9");
	for (let i = 0; i < 3; i++)
		expect(await codeOf(service.completeSetup({ code: "AAAA-AAAA-AAAA-AAAA", ...first }, await attacker.call()))).toBe(
			"access.setup-code-wrong",
		);
	expect(await codeOf(service.completeSetup({ code, ...first }, await attacker.call()))).toBe("access.too-many-attempts");
	expect((await service.completeSetup({ code, ...first }, await browserOf(access).call())).login).toBe("ada");
});

test("of two browsers with the right code only one becomes administrator", async () => {
	const { access, service, admin } = await accessForTest();
	const code = access.setupCode() as string;
	const outcomes = await Promise.allSettled([
		service.completeSetup({ code, ...first }),
		service.completeSetup({ code, ...first, login: "eve" }),
	]);
	expect(outcomes.filter((one) => one.status === "fulfilled")).toHaveLength(1);
	expect((await service.people({}, admin)).people).toHaveLength(1);
});

test("without a code made there is none to guess", async () => {
	const { service } = await accessForTest();
	expect(await codeOf(service.completeSetup({ code: "", ...first }))).toBe("access.setup-code-wrong");
});

test("each start prints its own code until somebody exists; afterwards none ever again", async () => {
	const records = recordsForTest();
	const one = await accessForTest({ records });
	const old = one.access.setupCode() as string;
	await one.access.part.stop();
	const two = await accessForTest({ records });
	const fresh = two.access.setupCode() as string;
	expect(fresh).not.toBe(old);
	expect(await codeOf(two.service.completeSetup({ code: old, ...first }))).toBe("access.setup-code-wrong");
	await two.service.completeSetup({ code: fresh, ...first });
	await two.access.part.stop();
	const three = await accessForTest({ records });
	expect(three.access.setupCode()).toBeUndefined();
	expect(await three.service.setup({})).toMatchObject({ needed: false });
});
