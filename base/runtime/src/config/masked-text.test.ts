import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import * as z from "zod";
import { createClock } from "../clock.ts";
import { section } from "../config-types.ts";
import { silentLog } from "../log.ts";
import { memoryConfig, openConfig } from "./config.ts";
import { maskedText } from "./masked-text.ts";

const environment = "$" + "{env:MILLWRIGHT_SECRET_PLC}";
const text = `
base: &shared "an alias's secret"
sense:
  connections:
    a: { password: plain, port: 5020, user: bob }
    b:
      password: "it's \\"quoted\\""   # a comment
      clientSecret: 'single ''quoted'''
      apiToken: |
        first line
        second line
      passphrase: >-
        folded
        words
      privateKeys: [one, two]
      token: *shared
      password2: ${environment}
      secret: 12345
      empty_password: ""
    secret-press: { host: plc.local }
`;

test("every way of writing a secret is masked, and nothing else", () => {
	const shown = maskedText(text, parseDocument(text)).text;
	for (const secret of ["plain", "quoted", "first line", "second line", "folded", "one,", "two", "an alias", "12345"])
		expect(shown).not.toContain(secret);
	for (const kept of ["5020", "bob", "# a comment", environment, "plc.local", "secret-press"]) expect(shown).toContain(kept);
	expect(parseDocument(shown).errors).toEqual([]);
});

const press = section("press", z.record(z.string(), z.record(z.string(), z.string())));

test("a difference shows that a secret changed, not what it was or is", async () => {
	const config = memoryConfig([press], { press: { one: { host: "a", password: 'p"ss\\wörd' } } }, silentLog, createClock());
	const moved = config.preview([{ path: ["press", "one", "host"], value: "b" }]).diff;
	expect(moved).toMatch(/"host": "?b/);
	expect(moved).toContain("********");
	expect(moved).not.toMatch(/ss\\|wörd|new/);
	const changed = config.preview([{ path: ["press", "one", "password"], value: "another" }]).diff;
	expect(changed).toContain("(new)");
	expect(changed).not.toMatch(/another|wörd/);
	await config.apply([{ path: ["press", "one", "password"], value: "another" }], { who: "test" });
	expect(config.get(press).one?.password).toBe("another");
	expect(config.preview([{ path: ["press", "one", "host"], value: "c" }]).diff).not.toMatch(/another|new/);
});

test("what is written to the file is the secret itself", async () => {
	const folder = mkdtempSync(join(tmpdir(), "millwright-masked-"));
	const file = join(folder, "millwright.yaml");
	try {
		writeFileSync(file, "press:\n  one:\n    password: former\n");
		const config = await openConfig({ file, sections: [press], log: silentLog, clock: createClock() });
		const { diff } = await config.apply([{ path: ["press", "one", "host"], value: "a" }], { who: "test" });
		expect(diff).not.toContain("former");
		expect(readFileSync(file, "utf8")).toContain("password: former");
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});
