import { DatabaseSync } from "node:sqlite";
import { MillwrightError, type TagDirectory } from "@millwright/core";

export const mostTags = 2_000_000;

/** The directory kept in a file of its own; ids survive everything but the loss of that file. */
export function openTagDirectory({ file }: { file: string }): TagDirectory & { close(): void } {
	const db = new DatabaseSync(file);
	db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000");
	db.exec("CREATE TABLE IF NOT EXISTS tag (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT");
	const insert = db.prepare("INSERT INTO tag (id, name) VALUES (?, ?)");
	const names: string[] = [];
	for (const row of db.prepare("SELECT id, name FROM tag ORDER BY id").iterate()) names[Number(row.id) - 1] = String(row.name);
	const directory = inMemory(names, (added) => {
		db.exec("BEGIN IMMEDIATE");
		try {
			for (const [id, name] of added) insert.run(id, name);
			db.exec("COMMIT");
		} catch (cause) {
			db.exec("ROLLBACK");
			throw new MillwrightError("runtime.tag-directory-failed", "New tags could not be written down", {
				kind: "outage",
				hint: "Check the free space and the rights of the data folder.",
				place: file,
				cause,
			});
		}
	});
	return {
		...directory,
		close: () => db.close(),
		get size() {
			return directory.size;
		},
	};
}

/** A directory that lasts as long as the process; for tests and tools. */
export const memoryTagDirectory = (): TagDirectory => inMemory([], () => {});

function inMemory(names: string[], keep: (added: [id: number, name: string][]) => void): TagDirectory {
	const ids = new Map<string, number>();
	for (const [at, name] of names.entries()) ids.set(name, at + 1);
	return {
		nameOf(id) {
			const name = names[id - 1];
			if (name === undefined) throw new MillwrightError("core.tag-unknown", `No tag has the id ${id}`);
			return name;
		},
		idOf: (name) => ids.get(name),
		assign(wanted) {
			const fresh = [...new Set(wanted)].filter((name) => !ids.has(name));
			if (names.length + fresh.length > mostTags)
				throw new MillwrightError("runtime.too-many-tags", `More than ${mostTags} tags`, {
					kind: "input",
					hint: "Split the plant over several data folders.",
				});
			const added = fresh.map((name, at): [number, string] => [names.length + at + 1, name]);
			if (added.length > 0) keep(added);
			for (const [id, name] of added) {
				names[id - 1] = name;
				ids.set(name, id);
			}
			return Uint32Array.from(wanted, (name) => ids.get(name) as number);
		},
		get size() {
			return names.length;
		},
	};
}
