import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Call, type DataClass, type Principal, SampleBatchBuilder } from "@millwright/core";
import { openRecords } from "@millwright/records-sqlite";
import { memoryTagDirectory, silentLog } from "@millwright/runtime";
import { createDuckDbSeries, createTableReader } from "@millwright/series-duckdb";
import { createFakeClock } from "@millwright/testkit";
import { afterEach, expect, test, vi } from "vitest";
import { ImportPlan } from "../api.ts";
import { createImportFiles } from "./files.ts";
import { createImports } from "./service.ts";
import { createImportTable, type HistoryTables, historyMigrations } from "./table.ts";

const startMs = Date.UTC(2026, 0, 10, 12);
const temperature = "plant/line-1/press/temperature";
const ana: Call = {
	principal: { id: "user_1", name: "Ana", kind: "person", roles: ["engineer"] },
	why: "years from the old system",
};
const olga: Principal = { id: "user_2", name: "Olga", kind: "person", roles: ["operator"] };

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const end of endings.splice(0).reverse()) await end();
});

async function importsForTest() {
	const folder = await mkdtemp(join(tmpdir(), "imports-"));
	const clock = createFakeClock({ startMs });
	const directory = memoryTagDirectory();
	const [known] = directory.assign([temperature]) as unknown as [number];
	const engine = createDuckDbSeries({
		file: join(folder, "history.duckdb"),
		temporaryFolder: join(folder, "spill"),
		log: silentLog,
		flushMs: 1,
		flushRows: 1000,
		queueRows: 100_000,
		memoryMb: 64,
		threads: 1,
	});
	await engine.start();
	const records = openRecords({ file: ":memory:", log: silentLog, migrations: historyMigrations });
	const inbox = join(folder, "import");
	const table = createImportTable(records.tables<HistoryTables>());
	const make = () =>
		createImports({
			engine,
			table,
			files: createImportFiles({ uploads: join(folder, "uploads"), inbox, clock }),
			reader: createTableReader({ temporaryFolder: folder }),
			directory,
			dataClassOf: (tag): DataClass => (tag.endsWith("recipe") ? "restricted" : "internal"),
			clock,
			log: silentLog,
		});
	const imports = make();
	await imports.start();
	endings.push(async () => {
		await imports.stop();
		await engine.stop();
		await records.close();
		await rm(folder, { recursive: true });
	});
	const { service } = imports;
	const upload = async (name: string, text: string): Promise<string> =>
		(await service.uploadImport({ name, offset: 0, data: Buffer.from(text).toString("base64") }, ana)).file;
	const ended = async (id: string) =>
		vi.waitFor(
			async () => {
				const found = (await service.imports({ limit: 10, offset: 0 }, ana)).imports.find((one) => one.id === id);
				if (!found || found.state === "running") throw new Error("still running");
				return found;
			},
			{ timeout: 10_000 },
		);
	const rowsOf = async (name: string): Promise<[ms: number, value: number | string, quality: number][]> => {
		const id = directory.idOf(name);
		if (id === undefined) return [];
		const rows = await engine.raw({ tag: id, range: { from: 0n, until: 2n ** 62n }, limit: 1000 });
		return Array.from(rows.times, (time, row) => [
			Number(time / 1_000_000n),
			rows.texts?.get(row) ?? (rows.values[row] as number),
			rows.quality[row] as number,
		]);
	};
	return { service, make, engine, table, directory, known, upload, ended, rowsOf, inbox };
}

const exported = [
	"tag,time,value,quality",
	"udt/plant/line-1/press/temperature,2026-01-01T00:00:00.000000001Z,20.5,good",
	"udt/plant/line-1/press/temperature,2026-01-01T00:00:01Z,21,uncertain:stale",
	"udt/plant/line-1/press/state,2026-01-01T00:00:00Z,running,good",
	"udt/plant/line-1/press/temperature,when it rained,22,good",
].join("\n");

test("an export of ours is understood by itself: previewed, brought in, undone without a trace", async () => {
	const { service, upload, ended, rowsOf, engine, known } = await importsForTest();
	const builder = new SampleBatchBuilder();
	builder.add(known, BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n + 500_000_000n, 20.7, 0);
	await engine.append(builder.take({ connection: "press", first: 0 }));

	const file = await upload("old historian, 2026.csv", exported);
	const { guess, count } = await service.inspectImport({ file }, ana);
	expect(count).toBe(4);
	expect(guess).toMatchObject({
		shape: "long",
		prefix: "udt/",
		time: { column: "time", form: "iso" },
		quality: { column: "quality" },
	});
	const plan = ImportPlan.parse(guess);
	const preview = await service.previewImport(plan, ana);
	expect(preview).toMatchObject({ rows: 3, refused: 1, problems: [{ row: 4, code: "history.import-time-unreadable" }] });
	expect(preview.tags.map(({ tag, known: isKnown, rows, overlapping }) => [tag, isKnown, rows, overlapping])).toEqual([
		[temperature, true, 2, 1],
		["plant/line-1/press/state", false, 1, 0],
	]);
	expect(await rowsOf("plant/line-1/press/state")).toEqual([]);

	const { id } = await service.applyImport(plan, ana);
	expect(await ended(id)).toMatchObject({
		state: "done",
		rows: 3,
		tags: 2,
		by: "Ana",
		why: "years from the old system",
		file: "old-historian-2026.csv",
	});
	const at = Date.UTC(2026, 0, 1);
	expect(await rowsOf(temperature)).toEqual([
		[at, 20.5, 0],
		[at + 500, 20.7, 0],
		[at + 1000, 21, 0x41],
	]);
	expect(await rowsOf("plant/line-1/press/state")).toEqual([[at, "running", 0]]);
	await expect(service.previewImport(plan, ana)).rejects.toMatchObject({ code: "history.import-file-unknown" });

	expect(await service.undoImport({ id }, ana)).toMatchObject({ state: "undone", undoneBy: "Ana" });
	expect(await rowsOf(temperature)).toEqual([[at + 500, 20.7, 0]]);
	expect(await rowsOf("plant/line-1/press/state")).toEqual([]);
	expect(await service.undoImport({ id }, ana)).toMatchObject({ state: "undone" });
});

test("a wide file from the inbox becomes the tags a person names; columns without a name stay out", async () => {
	const { service, ended, rowsOf, inbox } = await importsForTest();
	await writeFile(join(inbox, "press.csv"), "t;temp;note\n01.01.2026 01:00:00;20,5;x\n01.01.2026 01:00:01;;y\n");
	expect((await service.imports({ limit: 10, offset: 0 }, ana)).inbox).toEqual([{ file: "inbox:press.csv", bytes: 62 }]);
	const { guess } = await service.inspectImport({ file: "inbox:press.csv" }, ana);
	expect(guess).toMatchObject({ shape: "wide", decimal: ",", delimiter: ";", time: { form: "%d.%m.%Y %H:%M:%S" } });
	const plan = ImportPlan.parse({ ...guess, names: { temp: temperature }, time: { ...guess.time, zone: "Europe/Madrid" } });
	const { id } = await service.applyImport(plan, ana);
	expect(await ended(id)).toMatchObject({ state: "done", rows: 1, tags: 1 });
	expect(await rowsOf(temperature)).toEqual([[Date.UTC(2026, 0, 1), 20.5, 0]]);
});

test("history of a tag one may not see is not written; nothing of the file stays", async () => {
	const { service, upload, ended, engine } = await importsForTest();
	const file = await upload("a.csv", "tag,time,value\nplant/a/b,2026-01-01T00:00:00Z,1\nplant/a/recipe,2026-01-01T00:00:00Z,1\n");
	const { guess } = await service.inspectImport({ file }, { principal: olga });
	const plan = ImportPlan.parse(guess);
	await expect(service.previewImport(plan, { principal: olga })).rejects.toMatchObject({ code: "history.tag-denied" });
	const { id } = await service.applyImport(plan, { principal: olga });
	expect(await ended(id)).toMatchObject({ state: "failed", rows: 0 });
	expect((await engine.figures()).rows).toBe(0);
});

test.each([
	["a path out of the folder", "inbox:../records.sqlite"],
	["an absolute path", "/etc/passwd"],
	["a name nobody uploaded", "up_0000000000000000-x.csv"],
])("%s is no file to import", async (_what, file) => {
	const { service } = await importsForTest();
	await expect(service.inspectImport({ file }, ana)).rejects.toMatchObject({ code: "history.import-file-unknown" });
});

test("an upload comes in pieces, in order; a piece that comes again is no harm, one that skips is refused", async () => {
	const { service } = await importsForTest();
	const piece = (text: string): string => Buffer.from(text).toString("base64");
	const { file } = await service.uploadImport({ name: "a.csv", offset: 0, data: piece("tag,time,") }, ana);
	const next = { file, name: "a.csv", offset: 9, data: piece("value\n") };
	expect(await service.uploadImport(next, ana)).toEqual({ file, bytes: 15 });
	expect(await service.uploadImport(next, ana)).toEqual({ file, bytes: 15 });
	await expect(service.uploadImport({ ...next, offset: 99 }, ana)).rejects.toMatchObject({ code: "history.import-out-of-step" });
	await expect(service.uploadImport({ name: "a.exe", offset: 0, data: "" }, ana)).rejects.toMatchObject({
		code: "history.import-format-unknown",
	});
});

test("an import the platform ended in the middle of is taken out at the next start and said to have failed", async () => {
	const { make, table, engine, known, service } = await importsForTest();
	async function* rows() {
		yield { tags: Uint32Array.of(known), times: BigInt64Array.of(1n), values: Float64Array.of(1), quality: Uint8Array.of(0) };
	}
	await engine.bringIn({ id: "imp_half", rows: rows() });
	await table.add({
		id: "imp_half",
		file: "a.csv",
		by: "Ana",
		why: "",
		at: startMs,
		state: "running",
		rows: 0,
		tags: 0,
		progress: 0,
	});
	const again = make();
	await again.start();
	expect((await engine.figures()).rows).toBe(0);
	expect((await service.imports({ limit: 10, offset: 0 })).imports[0]).toMatchObject({ id: "imp_half", state: "failed" });
});
