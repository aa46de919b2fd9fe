import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const isRoot = process.getuid?.() === 0;
const alone = isRoot ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
const small = (folder: string, mb: number, ...command: string[]): string[] => [
	...alone,
	...["sh", "-c", `mount -t tmpfs -o size=${mb}m tmpfs "$0" && exec "$@"`, folder],
	...command,
];

/** Whether this machine gives a program a file system of its own. */
export function hasSmallDisks(): boolean {
	const folder = mkdtempSync(join(tmpdir(), "small-disk-"));
	const { status } = spawnSync("unshare", small(folder, 1, "true"));
	rmdirSync(folder);
	return status === 0;
}

/** A disk of a few megabytes at a folder, seen only by the programs started through it; gone with its end. */
export interface SmallDisk {
	/** What a program on it is started with. */
	readonly through: readonly string[];
	/** The folder as seen from here. */
	readonly folder: string;
	/** Everything that is left, to the last byte. */
	fill(): void;
	free(): void;
	close(): void;
}

export async function openSmallDisk(folder: string, mb: number): Promise<SmallDisk> {
	const holder: ChildProcess = spawn("unshare", small(folder, mb, "sh", "-c", "echo ready && exec sleep 1000000"), {
		stdio: ["ignore", "pipe", "inherit"],
	});
	const end = () => holder.kill("SIGKILL");
	process.once("exit", end);
	await once(holder.stdout as NodeJS.ReadableStream, "data");
	const outside = `/proc/${holder.pid}/root${folder}`;
	const ballast = join(outside, "ballast");
	return {
		through: ["nsenter", `--target=${holder.pid}`, ...(isRoot ? [] : ["--user", "--preserve-credentials"]), "--mount"],
		folder: outside,
		fill() {
			const handle = openSync(ballast, "a");
			try {
				for (let size = 1 << 20; size >= 1; ) {
					try {
						writeSync(handle, Buffer.alloc(size));
					} catch {
						size >>= 1;
					}
				}
			} finally {
				closeSync(handle);
			}
		},
		free: () => rmSync(ballast, { force: true }),
		close() {
			process.off("exit", end);
			end();
		},
	};
}
