import { statfs } from "node:fs/promises";

/** Room on the disk a folder lies on; undefined where the system does not say. */
export async function diskOf(folder: string): Promise<{ freeBytes: number; totalBytes: number } | undefined> {
	try {
		const { bavail, blocks, bsize } = await statfs(folder);
		return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
	} catch {
		return undefined;
	}
}
