import { createHash } from "node:crypto";
import { type Migration, MillwrightError } from "@millwright/core";

/** Of the words of the statements: spaces may change, what they say may not. */
export const migrationChecksum = ({ up }: Migration): string =>
	createHash("sha256")
		.update(JSON.stringify(up.map((sql) => sql.replace(/\s+/g, " ").trim())))
		.digest("hex");

const stepOf = (name: string): string => name.slice(0, name.indexOf("/"));

/** What is left to do, in name order; throws where the records and the program do not belong together. */
export function pendingMigrations({
	migrations,
	applied,
	place,
	wayBack,
}: {
	migrations: readonly Migration[];
	/** Name to checksum. */
	applied: ReadonlyMap<string, string>;
	/** The file or database. */
	place: string;
	/** What to do when the records are newer than the program. */
	wayBack: string;
}): Migration[] {
	const inOrder = [...migrations].sort((a, b) => (a.name < b.name ? -1 : 1));
	checkNames(inOrder);
	const known = new Map(inOrder.map((migration) => [migration.name, migration]));
	const newer = [...applied.keys()].filter((name) => !known.has(name));
	if (newer.length > 0)
		throw new MillwrightError("records.newer-than-program", `The records were written by a newer version (${newer.join(", ")})`, {
			kind: "outage",
			place,
			hint: wayBack,
		});
	for (const [name, checksum] of applied)
		if (migrationChecksum(known.get(name) as Migration) !== checksum)
			throw new MillwrightError(
				"records.migration-edited",
				`The migration ${name} differs from the one these records were made with`,
				{
					kind: "bug",
					place,
					hint: "A released migration is never edited: restore it, and put the change into a new one.",
				},
			);
	const highest = new Map<string, string>();
	for (const name of [...applied.keys()].sort()) highest.set(stepOf(name), name);
	for (const { name } of inOrder)
		if (!applied.has(name) && name < (highest.get(stepOf(name)) ?? ""))
			throw new MillwrightError("records.migration-out-of-order", `The migration ${name} comes before one that has run already`, {
				kind: "bug",
				place,
				hint: "Give the new migration the next number of its step.",
			});
	return inOrder.filter(({ name }) => !applied.has(name));
}

function checkNames(migrations: readonly Migration[]): void {
	const names = new Set<string>();
	for (const { name } of migrations) {
		if (!/^[a-z0-9-]+\/\d{3,}-[a-z0-9-]+$/.test(name) || names.has(name))
			throw new MillwrightError("records.migration-name", `"${name}" is taken or not a name of the form step/001-what`);
		names.add(name);
	}
}
