import { readFile, rename, writeFile } from "node:fs/promises";
import * as z from "zod";
import type { Growth } from "./forecast.ts";

const mostLooks = 400;
const Looks = z.array(z.object({ at: z.number(), bytes: z.number() }));

/** How large the data folder was, every six hours; in a file, so that a forecast outlives a restart. */
export function createGrowthFile({ file, everyMs = 6 * 3_600_000 }: { file: string; everyMs?: number }) {
	let kept: Growth[] = [];
	/** Newest look, kept or not. */
	let newest: Growth | undefined;
	return {
		async load(): Promise<void> {
			const given: unknown = await readFile(file, "utf8")
				.then(JSON.parse)
				.catch(() => []);
			kept = (Looks.safeParse(given).data ?? []).sort((a, b) => a.at - b.at).slice(-mostLooks);
		},
		async add(look: Growth): Promise<void> {
			newest = look;
			// A clock that was set back would make the past wrong.
			kept = kept.filter(({ at }) => at <= look.at);
			const last = kept.at(-1);
			if (last && look.at - last.at < everyMs) return;
			kept = [...kept, look].slice(-mostLooks);
			await writeFile(`${file}.new`, JSON.stringify(kept), { mode: 0o600 });
			await rename(`${file}.new`, file);
		},
		looks(): Growth[] {
			return newest && newest !== kept.at(-1) ? [...kept, newest] : [...kept];
		},
	};
}
