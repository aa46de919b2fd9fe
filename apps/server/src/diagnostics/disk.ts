import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { bytesBelow, filesBelow } from "../backup/files.ts";

/** What lies at the top of a data folder and how large it is. */
export async function usageOf(folder: string): Promise<{ name: string; bytes: number }[]> {
	const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
	const sizes = await Promise.all(
		entries.map(async (entry) => {
			const place = join(folder, entry.name);
			const bytes = entry.isDirectory()
				? await bytesBelow(place)
				: await stat(place).then(
						({ size }) => size,
						() => 0,
					);
			return { name: entry.isDirectory() ? `${entry.name}/` : entry.name, bytes };
		}),
	);
	return sizes.sort((a, b) => b.bytes - a.bytes);
}

/** Files that were damaged and set aside so that the plant could go on. */
export async function setAside(folder: string): Promise<{ file: string; bytes: number; at: number }[]> {
	const names = (await filesBelow(folder).catch(() => [])).filter(
		(path) => /\.(?:broken|damaged)(?:-|$)|(?:^|\/)audit\.torn$/.test(path) && !path.startsWith("replaced-"),
	);
	const found = await Promise.all(
		names.map((file) =>
			stat(join(folder, file)).then(
				({ size, mtimeMs }) => ({ file, bytes: size, at: Math.round(mtimeMs) }),
				() => undefined,
			),
		),
	);
	return found.filter((one) => one !== undefined);
}
