import { open } from "node:fs/promises";

export async function writeDurably(file: string, content: string | Uint8Array): Promise<void> {
	const handle = await open(file, "w", 0o600);
	try {
		await handle.writeFile(content);
		await handle.sync();
	} finally {
		await handle.close();
	}
}

export async function syncFile(file: string): Promise<void> {
	const handle = await open(file, "r+");
	await handle.sync().finally(() => handle.close());
}

/** Names are durable once their folder is; Windows has no such handle and needs none. */
export async function syncFolder(folder: string): Promise<void> {
	if (process.platform === "win32") return;
	const handle = await open(folder, "r");
	await handle.sync().finally(() => handle.close());
}
