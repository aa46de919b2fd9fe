import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EngineSettings, embeddedEngines } from "./engine-settings.ts";
import { postgresqlTarget } from "./postgresql-target.ts";

const messages = (given: unknown) =>
	EngineSettings.safeParse(given).error?.issues.map(({ message, path }) => `${path.join(".")}: ${message}`) ?? [];

test("without settings everything is embedded", () => {
	expect(EngineSettings.parse({})).toEqual(embeddedEngines);
});

test("a password in the file is refused, a reference is taken", () => {
	expect(JSON.stringify(messages({ records: { kind: "postgresql", password: "secret" } }))).toContain("MILLWRIGHT_SECRET_");
	// biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own way to name a secret
	expect(messages({ records: { kind: "postgresql", password: "${env:MILLWRIGHT_SECRET_DATABASE}" } })).toEqual([]);
});

test("a server elsewhere needs TLS, or the word that its line is safe", () => {
	expect(JSON.stringify(messages({ series: { kind: "postgresql", host: "db.plant" } }))).toContain("would travel openly");
	for (const tls of [{}, "off"]) expect(messages({ series: { kind: "postgresql", host: "db.plant", tls } })).toEqual([]);
});

test("a password file holds the password and its line end; a missing one is named", async () => {
	const folder = await mkdtemp(join(tmpdir(), "engines-"));
	const passwordFile = join(folder, "password");
	writeFileSync(passwordFile, "of the database\n");
	const { records } = EngineSettings.parse({ records: { kind: "postgresql", passwordFile, tls: {} } });
	if (records.kind !== "postgresql") throw new Error("not what was asked for");
	expect(postgresqlTarget(records, "engines.records")).toMatchObject({ password: "of the database", tls: { verify: true } });
	await rm(folder, { recursive: true });
	expect(() => postgresqlTarget(records, "engines.records")).toThrow(
		expect.objectContaining({ code: "server.file-unreadable", place: "engines.records.passwordFile" }),
	);
});
