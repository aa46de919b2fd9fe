import { expect, test } from "vitest";
import { mask, maskSecrets, reachesSame, resolveEnvironment, unmaskSecrets } from "./secrets.ts";

const environment = { MILLWRIGHT_SECRET_PLC: "s3cret", HOME: "somewhere" };

test("a setting may refer to a secret, and to nothing else of the environment", () => {
	expect(resolveEnvironment({ password: `\${env:MILLWRIGHT_SECRET_PLC}` }, environment)).toEqual({ password: "s3cret" });
	expect(() => resolveEnvironment({ host: `\${env:HOME}` }, environment)).toThrow("may not refer to HOME");
	expect(() => resolveEnvironment({ host: `\${env:MILLWRIGHT_SECRET_OTHER}` }, environment)).toThrow(
		"has no MILLWRIGHT_SECRET_OTHER",
	);
});

test("a secret is masked on its way out and comes back as it was", () => {
	const settings = { host: "plc", password: "s3cret", users: [{ token: "t" }] };
	const shown = maskSecrets(settings);
	expect(JSON.stringify(shown)).not.toContain("s3cret");
	expect(unmaskSecrets(shown, settings)).toEqual(settings);
	// A reference alone says nothing; with a secret behind it, it does.
	expect(maskSecrets({ apiKey: "k", password: `\${env:MILLWRIGHT_SECRET_PLC}` })).toEqual({
		apiKey: "********",
		password: `\${env:MILLWRIGHT_SECRET_PLC}`,
	});
	expect(maskSecrets({ password: `\${env:MILLWRIGHT_SECRET_PLC}and more` })).toEqual({ password: "********" });
	expect(unmaskSecrets(shown, { host: "plc" })).toEqual(shown);
});

test.each([
	["the same", { host: "plc", password: mask }, true],
	["another secret", { password: "new", host: "plc" }, true],
	["no secret", { host: "plc" }, true],
	["another host", { host: "mine", password: mask }, false],
	["a port more", { host: "plc", port: 1, password: mask }, false],
	["the mask elsewhere", { host: mask }, false],
	["the host in a list", { host: ["plc"], password: mask }, false],
])("a draft leads where a connection leads: %s", (_what, settings, expected) => {
	const former = { driver: "opcua", settings: { host: "plc", password: "s3cret" } };
	expect(reachesSame({ driver: "opcua", settings }, former)).toBe(expected);
	expect(reachesSame({ driver: "modbus", settings }, former)).toBe(false);
});
