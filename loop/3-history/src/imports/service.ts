import { randomBytes } from "node:crypto";
import {
	asMillwrightError,
	type Call,
	type Clock,
	type DataClass,
	type Log,
	MillwrightError,
	type SeriesEngine,
	type TagDirectory,
} from "@millwright/core";
import type { History, Import, ImportPlan } from "../api.ts";
import { type ImportFiles, titleOf } from "./files.ts";
import { guessPlan } from "./guess.ts";
import { queryOf, tagNameOf } from "./plan.ts";
import { checkRight, previewOf } from "./preview.ts";
import { rowsFrom } from "./rows.ts";
import type { ImportTable } from "./table.ts";
import type { TableReader } from "./table-reader.ts";

type ImportsService = Pick<
	History,
	"uploadImport" | "inspectImport" | "previewImport" | "applyImport" | "imports" | "undoImport"
>;

interface Running {
	about: Import;
	rowsInFile: number;
	rowsRead: number;
}

/** Samples from elsewhere: looked at, previewed, brought in as one piece, and taken out again when that was wrong. */
export function createImports({
	engine,
	table,
	files,
	reader,
	directory,
	dataClassOf,
	clock,
	log,
}: {
	engine: SeriesEngine;
	table: ImportTable;
	files: ImportFiles;
	reader: TableReader;
	directory: TagDirectory;
	dataClassOf(tag: string): DataClass;
	clock: Clock;
	log: Log;
}) {
	let running: Running | undefined;
	let working: Promise<void> | undefined;
	const stopping = new AbortController();

	/** A tag as it is called here, or with the namespace's root in front. */
	const tagOf = (name: string): string | undefined =>
		[name, name.slice(name.indexOf("/") + 1)].find((candidate) => directory.idOf(candidate) !== undefined);

	async function open(plan: ImportPlan, signal?: AbortSignal) {
		const path = await files.pathOf(plan.file);
		const look = await reader.look({ file: path, format: plan.format, signal });
		return { look, query: queryOf(plan, path, look.columns) };
	}

	/** Rows as the engine takes them; names become tags at their first row, so that a refused name costs nothing. */
	async function* rowsOf(plan: ImportPlan, about: Running, query: Awaited<ReturnType<typeof open>>["query"], call?: Call) {
		const ids: (number | undefined)[] = [];
		const taken = new Set<number>();
		for await (const piece of reader.read(query, stopping.signal)) {
			const names = piece.newNames.map((name) => tagNameOf(plan, name));
			for (const name of names) if (name !== undefined) checkRight(name, dataClassOf, call);
			const wanted = names.filter((name): name is string => name !== undefined);
			const given = directory.assign(wanted);
			let at = 0;
			for (const name of names) ids.push(name === undefined ? undefined : given[at++]);
			const rows = rowsFrom(piece, ids);
			for (const tag of rows.tags) taken.add(tag);
			const { about: entry } = about;
			for (const time of rows.times) {
				const ms = Number(time / 1000n) / 1000;
				if (entry.first === undefined || ms < entry.first) entry.first = ms;
				if (entry.last === undefined || ms > entry.last) entry.last = ms;
			}
			entry.rows += rows.tags.length;
			entry.tags = taken.size;
			about.rowsRead += piece.fileRows;
			yield rows;
		}
	}

	async function work(
		plan: ImportPlan,
		about: Running,
		query: Awaited<ReturnType<typeof open>>["query"],
		call?: Call,
	): Promise<void> {
		const entry = about.about;
		try {
			const { rows } = await engine.bringIn({ id: entry.id, rows: rowsOf(plan, about, query, call), signal: stopping.signal });
			Object.assign(entry, { rows, state: "done", progress: 1 });
			await table.change(entry);
			await files.done(plan.file);
			log.info("History was brought in", { id: entry.id, file: entry.file, rows, tags: entry.tags, by: entry.by });
		} catch (thrown) {
			const error = asMillwrightError(thrown);
			Object.assign(entry, { rows: 0, tags: 0, state: "failed", progress: 1, reason: error.message });
			log.warn("History was not brought in", { id: entry.id, file: entry.file, code: error.code, reason: error.message });
			await engine.takeOut({ id: entry.id }).catch(() => {});
			await table.change(entry).catch(() => {});
		}
	}

	const live = (one: Import): Import =>
		running?.about.id === one.id
			? { ...running.about, progress: running.rowsInFile > 0 ? Math.min(1, running.rowsRead / running.rowsInFile) : 0 }
			: one;

	async function known(id: string): Promise<Import> {
		const found = await table.find(id);
		if (found) return live(found);
		throw new MillwrightError("history.import-unknown", `There is no import "${id.slice(0, 60)}"`, {
			kind: "missing",
			place: "id",
		});
	}

	const service: ImportsService = {
		uploadImport: (piece) => files.add(piece),
		async inspectImport({ file }, call) {
			const path = await files.pathOf(file);
			const format = files.formatOf(file);
			const look = await reader.look({ file: path, format, signal: call?.signal });
			return {
				columns: look.columns,
				rows: look.rows,
				count: look.count,
				guess: guessPlan({ file, format, ...look }, tagOf),
			};
		},
		async previewImport(plan, call) {
			const { query } = await open(plan, call?.signal);
			return previewOf(reader.read(query, call?.signal), plan, { engine, directory, dataClassOf }, call);
		},
		async applyImport(plan, call) {
			if (running)
				throw new MillwrightError("history.import-busy", `"${running.about.file}" is being brought in`, {
					kind: "busy",
					hint: "One import at a time; wait until it is done.",
				});
			const entry: Import = {
				id: `imp_${clock.nowMs().toString(36)}_${randomBytes(4).toString("hex")}`,
				file: titleOf(plan.file),
				by: call?.principal.name ?? "Millwright",
				why: call?.why ?? "",
				at: clock.nowMs(),
				state: "running",
				rows: 0,
				tags: 0,
				progress: 0,
			};
			const about: Running = { about: entry, rowsInFile: 0, rowsRead: 0 };
			running = about;
			try {
				const { look, query } = await open(plan, call?.signal);
				about.rowsInFile = look.count;
				await table.add(entry);
				working = work(plan, about, query, call).finally(() => {
					running = undefined;
				});
			} catch (thrown) {
				running = undefined;
				throw thrown;
			}
			return { ...entry };
		},
		async imports({ limit, offset }) {
			const { imports, total } = await table.list(limit, offset);
			return { imports: imports.map(live), total, inbox: await files.inbox() };
		},
		async undoImport({ id }, call) {
			const found = await known(id);
			if (found.state === "running")
				throw new MillwrightError("history.import-busy", `"${found.file}" is still being brought in`, {
					kind: "busy",
					hint: "Undo it when it is done.",
				});
			if (found.state !== "done") return found;
			const { rows } = await engine.takeOut({ id });
			const undone: Import = {
				...found,
				state: "undone",
				undoneBy: call?.principal.name ?? "Millwright",
				undoneAt: clock.nowMs(),
			};
			await table.change(undone);
			log.info("An import was undone", { id, file: found.file, rows, by: undone.undoneBy });
			return undone;
		},
	};

	return {
		service,
		/** What a former run began and did not end is not there: an import is whole or nothing. */
		async start(): Promise<void> {
			await files.sweep();
			for (const one of await table.running()) {
				await engine.takeOut({ id: one.id });
				await table.change({
					...one,
					rows: 0,
					tags: 0,
					state: "failed",
					reason: "The platform ended while it was being brought in",
				});
			}
		},
		async stop(): Promise<void> {
			stopping.abort();
			await working;
		},
	};
}
