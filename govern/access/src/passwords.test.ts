import { expect, test } from "vitest";
import { checkPassword, createPasswords, randomPassword } from "./passwords.ts";

const about = { login: "ada.lovelace", minLength: 12 };
const refusal = (password: string, given = about): string => {
	try {
		checkPassword(password, given);
	} catch (thrown) {
		return (thrown as Error).message;
	}
	return "";
};

test("a password is hashed with argon2id at 19 MiB, two passes and one lane, and never twice alike", async () => {
	const passwords = createPasswords();
	const [one, two] = await Promise.all([passwords.hash("la fresa gira"), passwords.hash("la fresa gira")]);
	expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
	expect(one).not.toBe(two);
	expect(await passwords.verify(one, "la fresa gira")).toBe(true);
	expect(await passwords.verify(one, "la fresa girá")).toBe(false);
});

test("nobody's password is never right", async () => {
	expect(await createPasswords().verify(undefined, "")).toBe(false);
});

test("the same letters in another composition are the same password", async () => {
	const passwords = createPasswords();
	expect(await passwords.verify(await passwords.hash("contrase\u00f1a del molino"), "contrasen\u0303a del molino")).toBe(true);
});

test("hashing at once is bounded and says so instead of piling up", async () => {
	const passwords = createPasswords();
	const outcomes = await Promise.allSettled(Array.from({ length: 80 }, () => passwords.verify(undefined, "x")));
	const refused = outcomes.filter((one) => one.status === "rejected");
	expect(refused.length).toBe(80 - 66);
	expect(refused[0]?.reason).toMatchObject({ code: "access.busy", kind: "busy" });
	expect(await passwords.verify(undefined, "x")).toBe(false);
});

test("short, common and self-naming passwords are refused, with a reason each", () => {
	expect(refusal("kort")).toContain("4 characters");
	expect(refusal("administrator")).toContain("try first");
	expect(refusal("Password2026!")).toContain("try first");
	expect(refusal("123456789012")).toContain("try first");
	expect(refusal("Ada.Lovelace")).toContain("is the login");
	expect(refusal("ada.lovelace1815")).toContain("is the login");
	expect(refusal("ada.lovelace!", { login: "ada.lovelace@plant.example", minLength: 12 })).toContain("is the login");
	expect(refusal("aaaaaaaaaaaaaaa")).toContain("repeats");
});

test("no rule asks for signs, digits or capitals", () => {
	for (const good of ["la fresa gira despacio", "839201746502918", "ßtraße und öl", "correct horse staple battery"])
		expect(refusal(good)).toBe("");
});

test("first passwords pass the rules and differ", () => {
	const some = Array.from({ length: 100 }, randomPassword);
	expect(new Set(some).size).toBe(100);
	for (const one of some) expect(refusal(one)).toBe("");
});
