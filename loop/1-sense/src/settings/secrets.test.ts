import { expect, test } from "vitest";
import { maskSecrets, resolveEnvironment, unmaskSecrets } from "./secrets.ts";

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
});
