import { existsSync } from "node:fs";
import { copyFile, mkdir, open, readdir, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { copySqlite } from "@millwright/runtime";

/** Companions of a file, and what is being written or was set aside: none of it belongs in a backup. */
const passing = /-(?:wal|shm|journal)$|\.(?:new|part|opening|lock)$|\.(?:broken|damaged|before)(?:-|$)/;
const isSqlite = (name: string): boolean => /\.(?:db|sqlite)$/.test(name);

/** Is one path the other, or below it? */
export function isInside(inner: string, outer: string): boolean {
	const way = relative(resolve(outer), resolve(inner));
	return way === "" || (!way.startsWith("..") && !isAbsolute(way));
}

/** Every file below a folder, as paths with "/" relative to it, in order. */
export async function filesBelow(folder: string): Promise<string[]> {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	return entries
		.filter((entry) => entry.isFile())
		.map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
		.sort();
}

/** Bytes of the files below a folder; what goes away meanwhile counts for nothing. */
export async function bytesBelow(folder: string): Promise<number> {
	const files = await filesBelow(folder).catch(() => []);
	const sizes = await Promise.all(
		files.map((file) =>
			stat(join(folder, file)).then(
				({ size }) => size,
				() => 0,
			),
		),
	);
	return sizes.reduce((sum, size) => sum + size, 0);
}

/** A folder whose SQLite files may be in use, file by file, databases first; files that go away meanwhile are left out. */
export async function copyLiveFolder(
	from: string,
	to: string,
	{ signal, skip = () => false }: { signal?: AbortSignal | undefined; skip?(path: string): boolean } = {},
): Promise<void> {
	if (!existsSync(from)) return;
	const files = (await filesBelow(from)).filter((path) => !passing.test(path) && !skip(path));
	for (const path of [...files.filter(isSqlite), ...files.filter((path) => !isSqlite(path))]) {
		signal?.throwIfAborted();
		const target = join(to, path);
		await mkdir(dirname(target), { recursive: true, mode: 0o700 });
		if (isSqlite(path)) await copySqlite({ from: join(from, path), to: target, ...(signal ? { signal } : {}) });
		else await copyPlain(join(from, path), target);
	}
}

async function copyPlain(from: string, to: string): Promise<void> {
	try {
		await copyFile(from, to);
	} catch (thrown) {
		if ((thrown as { code?: string }).code !== "ENOENT") throw thrown;
	}
}

/** The whole lines of a file that grows at its end: up to the last newline there is now. */
export async function copyLines(from: string, to: string, signal?: AbortSignal): Promise<void> {
	if (!existsSync(from)) return;
	const source = await open(from, "r");
	try {
		const until = (await source.stat()).size;
		const target = await open(to, "w", 0o600);
		try {
			const chunk = Buffer.alloc(262_144);
			let at = 0;
			let lastLine = 0;
			while (at < until) {
				signal?.throwIfAborted();
				const { bytesRead } = await source.read(chunk, 0, Math.min(chunk.length, until - at), at);
				if (bytesRead === 0) break;
				await target.writeFile(chunk.subarray(0, bytesRead));
				const newline = chunk.subarray(0, bytesRead).lastIndexOf(10);
				if (newline >= 0) lastLine = at + newline + 1;
				at += bytesRead;
			}
			await target.truncate(lastLine);
		} finally {
			await target.close();
		}
	} finally {
		await source.close();
	}
}
