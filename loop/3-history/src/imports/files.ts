import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, MillwrightError } from "@millwright/core";

/** An upload's name here: a number of its own, then what is left of its own name. */
const ownName = /^up_[0-9a-f]{16}-[A-Za-z0-9._-]{1,80}\.(csv|parquet)$/;
/** No folders, no hidden files: what a person put into the import folder. */
const inboxName = /^[^./\\\0][^/\\\0]{0,199}$/;
/** Beyond it: the import folder. */
const largestUpload = 2_000_000_000;
const mostUploads = 20;
/** An upload nobody went on with or imported. */
const patienceMs = 86_400_000;

/** Files on their way in: uploads in a folder of their own, and the folder where people put big ones. */
export function createImportFiles({ uploads, inbox, clock }: { uploads: string; inbox: string; clock: Clock }) {
	const unknown = (file: string): MillwrightError =>
		new MillwrightError("history.import-file-unknown", `There is no file "${file.slice(0, 100)}" to import`, {
			kind: "missing",
			hint: "Upload it first, or put it into the server's import folder.",
			place: "file",
		});

	const formatOf = (name: string): "csv" | "parquet" | undefined => {
		if (/\.(csv|tsv|txt)$/i.test(name)) return "csv";
		return /\.(parquet|pq)$/i.test(name) ? "parquet" : undefined;
	};

	async function uploadsNow(): Promise<string[]> {
		return (await readdir(uploads).catch(() => [])).filter((name) => ownName.test(name));
	}

	return {
		formatOf: (file: string): "csv" | "parquet" => formatOf(file) ?? "csv",
		/** Where a name leads; only into the two folders. */
		async pathOf(file: string): Promise<string> {
			const [folder, name] = file.startsWith("inbox:") ? [inbox, file.slice(6)] : [uploads, file];
			if (folder === uploads ? !ownName.test(name) : !inboxName.test(name)) throw unknown(file);
			const path = join(folder, name);
			const found = await stat(path).catch(() => undefined);
			if (!found?.isFile()) throw unknown(file);
			return path;
		},
		async add({ file, name, offset, data }: { file?: string; name: string; offset: number; data: string }) {
			const format = formatOf(name);
			if (!format)
				throw new MillwrightError(
					"history.import-format-unknown",
					`"${name.slice(0, 100)}" is neither CSV nor Parquet by its name`,
					{
						kind: "input",
						hint: "Give the file a name that ends in .csv, .txt or .parquet.",
						place: "name",
					},
				);
			await mkdir(uploads, { recursive: true, mode: 0o700 });
			if (file === undefined) {
				if (offset !== 0) throw outOfStep(0);
				if ((await uploadsNow()).length >= mostUploads)
					throw new MillwrightError("history.import-uploads-full", `${mostUploads} uploaded files wait to be imported`, {
						kind: "busy",
						hint: "Import or wait: an upload nobody uses is deleted after a day.",
					});
			} else if (!ownName.test(file)) throw unknown(file);
			const target = file ?? `up_${randomBytes(8).toString("hex")}-${plainName(name)}.${format}`;
			const handle = await open(join(uploads, target), file === undefined ? "wx" : "r+").catch(() => {
				throw unknown(target);
			});
			try {
				const { size } = await handle.stat();
				// A piece that came before, whose answer was lost, is written again.
				if (offset > size) throw outOfStep(size);
				const bytes = Buffer.from(data, "base64");
				if (offset + bytes.length > largestUpload)
					throw new MillwrightError("history.import-too-large", "Files above 2 GB are not uploaded", {
						kind: "input",
						hint: `Put the file into the server's import folder (${inbox}); it is shown there.`,
					});
				await handle.write(bytes, 0, bytes.length, offset);
				return { file: target, bytes: Math.max(size, offset + bytes.length) };
			} finally {
				await handle.close();
			}
		},
		async inbox(): Promise<{ file: string; bytes: number }[]> {
			const names = (await readdir(inbox).catch(() => [])).filter((name) => inboxName.test(name) && formatOf(name));
			const found = await Promise.all(
				names
					.slice(0, 200)
					.map(async (name) => ({ file: `inbox:${name}`, about: await stat(join(inbox, name)).catch(() => undefined) })),
			);
			return found.flatMap(({ file, about }) => (about?.isFile() ? [{ file, bytes: about.size }] : []));
		},
		/** An upload is used up by its import; what lies in the inbox belongs to its owner. */
		async done(file: string): Promise<void> {
			if (ownName.test(file)) await rm(join(uploads, file), { force: true });
		},
		async sweep(): Promise<void> {
			await mkdir(inbox, { recursive: true, mode: 0o700 });
			for (const name of await uploadsNow()) {
				const path = join(uploads, name);
				const about = await stat(path).catch(() => undefined);
				if (about && clock.nowMs() - about.mtimeMs > patienceMs) await rm(path, { force: true });
			}
		},
	};
}
export type ImportFiles = ReturnType<typeof createImportFiles>;

const plainName = (name: string): string =>
	name
		.replace(/\.[^.]*$/, "")
		.replace(/[^A-Za-z0-9._-]+/g, "-")
		.slice(0, 80) || "file";

/** As its owner called it. */
export const titleOf = (file: string): string => file.replace(/^up_[0-9a-f]{16}-|^inbox:/, "");

const outOfStep = (size: number): MillwrightError =>
	new MillwrightError("history.import-out-of-step", `The next piece begins at byte ${size}`, {
		kind: "conflict",
		hint: "Send the pieces in order, each from where the one before ended.",
		place: "offset",
	});
