import { asMillwrightError, type DataClass, type Log, type Migration, type TagDirectory } from "@millwright/core";
import type { Records } from "@millwright/records-sqlite";

/** Who says how confidential a tag is: the connection that reads it, and the template of its asset. */
type ClassSource = "connection" | "template";

interface TagClassTables {
	server_tag_class: { tag: string; source: ClassSource; data_class: DataClass };
}

export const tagClassMigrations: readonly Migration[] = [
	{
		name: "server/001-tag-classes",
		up: [
			`CREATE TABLE server_tag_class (
				tag TEXT NOT NULL,
				source TEXT NOT NULL,
				data_class TEXT NOT NULL,
				PRIMARY KEY (tag, source)
			)`,
		],
	},
];

export const strictness: Record<DataClass, number> = { public: 0, internal: 1, confidential: 2, restricted: 3 };
const sources: readonly ClassSource[] = ["connection", "template"];
const rowsAtOnce = 200;

/**
 * What was last said of a tag's class, by source, kept beyond the source: samples stay when a connection is removed, and so
 * must their class. Only what is stricter than internal is kept.
 */
export function createTagClasses({ records, directory, log }: { records: Records; directory: TagDirectory; log: Log }) {
	const db = records.tables<TagClassTables>();
	const kept: Record<ClassSource, Map<string, DataClass>> = { connection: new Map(), template: new Map() };
	let writing: Promise<void> = Promise.resolve();

	async function write(rows: readonly { tag: string; source: ClassSource; data_class: DataClass | undefined }[]): Promise<void> {
		for (let i = 0; i < rows.length; i += rowsAtOnce)
			await db.transaction().execute(async (step) => {
				for (const { tag, source, data_class } of rows.slice(i, i + rowsAtOnce)) {
					await step.deleteFrom("server_tag_class").where("tag", "=", tag).where("source", "=", source).execute();
					if (data_class) await step.insertInto("server_tag_class").values({ tag, source, data_class }).execute();
				}
			});
	}

	return {
		async load(): Promise<void> {
			for (const { tag, source, data_class } of await db.selectFrom("server_tag_class").selectAll().execute())
				kept[source].set(tag, data_class);
		},
		/** Undefined where nothing stricter than internal was ever said. */
		last: (source: ClassSource, id: number): DataClass | undefined =>
			kept[source].size === 0 || id < 1 || id > directory.size ? undefined : kept[source].get(directory.nameOf(id)),
		/** Takes down what is said now of every tag; a source that says nothing of a tag changes nothing. */
		learn(said: (source: ClassSource, id: number) => DataClass | undefined): void {
			const changed: Parameters<typeof write>[0][number][] = [];
			for (let id = 1; id <= directory.size; id++)
				for (const source of sources) {
					const now = said(source, id);
					if (now === undefined) continue;
					const wanted = strictness[now] > strictness.internal ? now : undefined;
					const tag = directory.nameOf(id);
					if (kept[source].get(tag) === wanted) continue;
					if (wanted) kept[source].set(tag, wanted);
					else kept[source].delete(tag);
					changed.push({ tag, source, data_class: wanted });
				}
			if (changed.length === 0) return;
			writing = writing
				.then(() => write(changed))
				.catch((thrown: unknown) =>
					log.error("Data classes of tags could not be written down", { reason: asMillwrightError(thrown).message }),
				);
		},
		settled: (): Promise<void> => writing,
	};
}
export type TagClasses = ReturnType<typeof createTagClasses>;
