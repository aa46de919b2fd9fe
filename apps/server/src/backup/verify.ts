import { stat } from "node:fs/promises";
import { join } from "node:path";
import { filesBelow } from "./files.ts";
import { hashOf, type Manifest, manifestName, notABackup, readManifest, sumsName } from "./manifest.ts";

/** Every file of a backup against what was written down of it; throws at the first that differs, is missing or is too many. */
export async function verifyBackup(
	folder: string,
	{ progress = () => {}, signal }: { progress?(done: number, of: number): void; signal?: AbortSignal } = {},
): Promise<Manifest> {
	const manifest = await readManifest(folder);
	const known = new Set([manifestName, sumsName, ...manifest.files.map(({ path }) => path)]);
	const stranger = (await filesBelow(folder)).find((path) => !known.has(path));
	if (stranger !== undefined) throw notABackup(folder, `${stranger} does not belong to it`);
	// Sizes first: what is cut off shows at once.
	for (const { path, bytes } of manifest.files) {
		const there = await stat(join(folder, path)).catch(() => undefined);
		if (!there) throw notABackup(folder, `${path} is missing`);
		if (there.size !== bytes) throw notABackup(folder, `${path} has ${there.size} bytes instead of ${bytes}`);
	}
	let done = 0;
	for (const { path, sha256 } of manifest.files) {
		const found = await hashOf(join(folder, path), signal);
		if (found.sha256 !== sha256) throw notABackup(folder, `${path} is not what was written`);
		progress(++done, manifest.files.length);
	}
	return manifest;
}
