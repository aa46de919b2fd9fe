import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "@millwright/core";
import { openRecords } from "@millwright/records-sqlite";
import { silentLog } from "@millwright/runtime";
import { createFakeClock } from "@millwright/testkit";
import { onTestFinished } from "vitest";
import { createAudit } from "./audit.ts";
import { type AuditTables, auditMigrations } from "./tables.ts";

export const person = { id: "user_1", name: "Ada", kind: "person" as const, roles: [] };

/** Gone with its content when the test ends. */
export function throwAwayFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "millwright-audit-"));
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** A folder with records and an audit log, which can be stopped, meddled with and started again. */
export function auditForTest() {
	const folder = throwAwayFolder();
	const file = join(folder, "audit.jsonl");
	const clock = createFakeClock({ startMs: Date.UTC(2026, 10, 20, 8) });
	const said: string[] = [];
	const log: Log = { ...silentLog, warn: (text) => said.push(text), error: (text) => said.push(text), part: () => log };
	const records = openRecords({ file: join(folder, "records.db"), log: silentLog, migrations: auditMigrations });

	async function start() {
		const audit = createAudit({ db: records.db, file, clock, log });
		await audit.part.start();
		const record = (id: string, more: Partial<Parameters<typeof audit.trail.record>[0]> = {}) =>
			audit.trail.record({
				who: person,
				from: "10.0.0.1",
				what: "test.write",
				input: { id },
				why: "because",
				outcome: "done",
				code: "",
				...more,
			});
		const entries = (query: Partial<Parameters<typeof audit.service.entries>[0]> = {}) =>
			audit.service.entries({ limit: 100, ...query });
		return { ...audit, record, entries, verify: () => audit.service.verify({}), stop: () => audit.part.stop() };
	}

	return {
		folder,
		file,
		clock,
		said,
		db: records.tables<AuditTables>(),
		start,
		bytes: () => readFileSync(file),
		put: (bytes: Buffer | string) => writeFileSync(file, bytes),
		lines: () => readFileSync(file, "utf8").split("\n").slice(0, -1),
	};
}

/** The subjects, newest first. */
export const subjectsOf = ({ entries }: { entries: { on: string }[] }): string[] => entries.map(({ on }) => on);
