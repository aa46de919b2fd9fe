import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { type Head, readLine } from "./chain.ts";
import { longestLine } from "./lines.ts";

export interface Tail {
	/** Bytes up to and with the last newline. */
	size: number;
	/** The last whole line's, where it can be read. */
	head: Head | undefined;
	/** Bytes behind the last newline, which a crash left while writing. */
	tornBytes: number;
}

/** Looks at the end of the file only, so that a start is quick whatever its size. */
export async function readTail(handle: FileHandle): Promise<Tail> {
	const { size } = await handle.stat();
	const end = (await lastNewline(handle, size)) + 1;
	const tornBytes = size - end;
	if (end === 0) return { size: 0, head: undefined, tornBytes };
	const begin = (await lastNewline(handle, end - 1)) + 1;
	if (end - begin > longestLine) return { size: end, head: undefined, tornBytes };
	const entry = readLine(await bytesAt(handle, begin, end - 1 - begin));
	return { size: end, head: "reason" in entry ? undefined : { number: entry.number, hash: entry.hash }, tornBytes };
}

/** Keeps what is behind `from` in another file, durable there before it leaves this one. */
export async function setAside(file: string, from: number, aside: string): Promise<void> {
	await pipeline(createReadStream(file, { start: from }), createWriteStream(aside, { flags: "a", mode: 0o600, flush: true }));
	const handle = await open(file, "r+");
	try {
		await handle.truncate(from);
		await handle.sync();
	} finally {
		await handle.close();
	}
}

/** Fewer than `length` where the file ends before. */
export async function bytesAt(handle: FileHandle, place: number, length: number): Promise<Buffer> {
	const bytes = Buffer.alloc(length);
	let read = 0;
	while (read < length) {
		const { bytesRead } = await handle.read(bytes, read, length - read, place + read);
		if (bytesRead === 0) break;
		read += bytesRead;
	}
	return bytes.subarray(0, read);
}

/** Offset of the last newline before `until`; -1 where there is none. */
async function lastNewline(handle: FileHandle, until: number): Promise<number> {
	for (let end = until; end > 0; ) {
		const begin = Math.max(0, end - 65_536);
		const found = (await bytesAt(handle, begin, end - begin)).lastIndexOf(10);
		if (found >= 0) return begin + found;
		end = begin;
	}
	return -1;
}
