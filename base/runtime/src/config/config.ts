import { createHash } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { asMillwrightError, type Clock, type Log, MillwrightError, type Timer } from "@millwright/core";
import type { Document } from "yaml";
import type { z } from "zod";
import type { Config, ConfigChange, ConfigEdit, ConfigProblem, Section } from "../config-types.ts";
import type { Part } from "../part.ts";
import { unifiedDiff } from "./diff.ts";
import { editConfig, parseConfig } from "./document.ts";
import { maskedText } from "./masked-text.ts";

const keptVersions = 100;
const settleMs = 200;

type Content = Map<string, unknown>;
interface Listener {
	section: string;
	owner: string;
	hear: (next: unknown, previous: unknown) => void | Promise<void>;
}
interface Check {
	section: string;
	check: (next: unknown) => ConfigProblem[];
}

/** Reads and checks the file; throws `config.invalid` with every problem when it does not fit. Watching begins with `start`. */
export async function openConfig(options: {
	file: string;
	sections: readonly Section[];
	log: Log;
	clock: Clock;
}): Promise<Config & Part> {
	const { file } = options;
	const text = await readFile(file, "utf8").catch((cause: unknown) => {
		throw new MillwrightError("config.unreadable", `${file} cannot be read`, {
			kind: "input",
			hint: "Give an existing file: millwright start --config millwright.yaml",
			place: file,
			cause,
		});
	});
	return createConfig({ ...options, text, store: (next, former, about) => save(file, next, former, about) });
}

/** A configuration without a file, for tests and tools. */
export function memoryConfig(
	sections: readonly Section[],
	initial: Record<string, unknown>,
	log: Log,
	clock: Clock,
): Config & Part {
	return createConfig({
		file: "memory.yaml",
		sections,
		log,
		clock,
		text: JSON.stringify(initial, null, 2),
		store: async () => {},
	});
}

function createConfig({
	file,
	sections,
	log,
	clock,
	text: firstText,
	store,
}: {
	file: string;
	sections: readonly Section[];
	log: Log;
	clock: Clock;
	text: string;
	store: (next: string, former: string, about: { who: string; why?: string }) => Promise<void>;
}): Config & Part {
	const name = basename(file);
	const listeners: Listener[] = [];
	const checks: Check[] = [];
	let text = firstText;
	let watcher: FSWatcher | undefined;
	let settle: Timer | undefined;
	/** One change at a time, whoever asks. */
	let turn: Promise<unknown> = Promise.resolve();

	const first = parseConfig({ text, name, sections });
	if (first.problems.length > 0) throw invalid(first.problems);
	let content: Content = first.content;
	let { document } = first;
	/** As it stands in differences; made when first asked for. */
	let shown: ReturnType<typeof maskedText> | undefined;

	function examine(nextText: string): { content: Content; document: Document; change: ConfigChange } {
		const parsed = parseConfig({ text: nextText, name, sections });
		const problems = [...parsed.problems];
		const changed = sections
			.map((one) => one.name)
			.filter((one) => parsed.content.has(one) && !isDeepStrictEqual(parsed.content.get(one), content.get(one)));
		for (const { section, check } of checks) {
			if (!parsed.content.has(section) || !changed.includes(section)) continue;
			try {
				problems.push(...check(parsed.content.get(section)));
			} catch (thrown) {
				const error = asMillwrightError(thrown);
				problems.push({ code: error.code, message: error.message, ...(error.hint ? { hint: error.hint } : {}) });
			}
		}
		shown ??= maskedText(text, document);
		const next = maskedText(nextText, parsed.document, shown.secrets);
		return {
			content: parsed.content,
			document: parsed.document,
			change: { diff: unifiedDiff(shown.text, next.text), sections: changed, problems, revision: revisionOf(text) },
		};
	}

	async function adopt(nextText: string, next: ReturnType<typeof examine>): Promise<void> {
		const previous = content;
		text = nextText;
		({ content, document } = next);
		shown = undefined;
		for (const { section, owner, hear } of listeners.slice()) {
			if (!next.change.sections.includes(section)) continue;
			try {
				await hear(content.get(section), previous.get(section));
			} catch (thrown) {
				log.error("A listener to the configuration failed", { owner, section, reason: asMillwrightError(thrown).message });
			}
		}
	}

	function inTurn<T>(run: () => Promise<T>): Promise<T> {
		const mine = turn.then(run, run);
		turn = mine.catch(() => {});
		return mine;
	}

	/** Somebody edited the file by hand: take it if it fits, keep the running one and say why if not. */
	const reload = () =>
		inTurn(async () => {
			const nextText = await readFile(file, "utf8").catch(() => undefined);
			if (nextText === undefined || nextText === text) return;
			const next = examine(nextText);
			const { change } = next;
			if (change.problems.length > 0) {
				for (const problem of change.problems) log.error("The changed configuration is not taken", { ...problem });
				return;
			}
			await adopt(nextText, next);
			log.info("Configuration changed", { sections: change.sections.join(", ") || "nothing but comments" });
		});

	return {
		name: "config",
		file,
		get: <S extends z.ZodType>(section: Section<S>) => content.get(section.name) as z.output<S>,
		onChange(section, owner, listener) {
			const entry: Listener = { section: section.name, owner, hear: listener as Listener["hear"] };
			listeners.push(entry);
			return () => void listeners.splice(listeners.indexOf(entry), 1);
		},
		addCheck(section, _owner, check) {
			const entry: Check = { section: section.name, check: check as Check["check"] };
			checks.push(entry);
			return () => void checks.splice(checks.indexOf(entry), 1);
		},
		preview: (edits: readonly ConfigEdit[]) => examine(editConfig(text, edits)).change,
		apply: (edits, about) =>
			inTurn(async () => {
				if (about.revision !== undefined && about.revision !== revisionOf(text))
					throw new MillwrightError("config.revision-stale", "The configuration has changed since this was reviewed", {
						kind: "conflict",
						hint: "Review the difference again, then apply.",
					});
				const nextText = editConfig(text, edits);
				const next = examine(nextText);
				const { change } = next;
				if (change.problems.length > 0) throw invalid(change.problems);
				await store(nextText, text, about);
				await adopt(nextText, next);
				log.info("Configuration changed", { who: about.who, sections: change.sections.join(", ") });
				return change;
			}),
		async start() {
			if (file === "memory.yaml") return;
			// The folder is watched, not the file: editors replace files, and a watch on the old one would go deaf.
			watcher = watch(dirname(file), (_kind, changed) => {
				if (changed !== null && changed !== name) return;
				settle?.cancel();
				settle = clock.after(settleMs, () => void reload());
			});
			watcher.on("error", (error) => log.warn("The configuration is no longer watched", { reason: error.message }));
			watcher.unref();
		},
		async stop() {
			settle?.cancel();
			watcher?.close();
			await turn;
		},
	};
}

const revisionOf = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16);

const invalid = (problems: ConfigProblem[]) =>
	new MillwrightError(
		"config.invalid",
		`The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}: ${problems[0]?.message}`,
		{
			kind: "input",
			...(problems[0]?.place === undefined ? {} : { place: problems[0].place }),
			hint: problems[0]?.hint ?? "Correct the file at the place named; nothing was changed.",
			data: { problems },
		},
	);

/** Former text to the history folder first; then temporary file, fsync, rename, fsync of the folder. */
async function save(file: string, next: string, former: string, about: { who: string; why?: string }): Promise<void> {
	const history = join(dirname(file), "config-history");
	try {
		await mkdir(history, { recursive: true });
		const stamp = new Date().toISOString().replace(/[:.]/g, "-");
		const note = `# until ${new Date().toISOString()}, changed by ${about.who.replace(/\s+/g, " ")}${about.why ? `: ${about.why.replace(/\s+/g, " ")}` : ""}\n`;
		await writeFile(join(history, `${stamp}.yaml`), note + former, { mode: 0o600 });
		const temporary = `${file}.new`;
		const handle = await open(temporary, "w", 0o600);
		try {
			await handle.writeFile(next);
			await handle.sync();
		} finally {
			await handle.close();
		}
		await rename(temporary, file);
		const folder = await open(dirname(file), "r");
		await folder.sync().finally(() => folder.close());
		const versions = (await readdir(history)).sort();
		for (const old of versions.slice(0, Math.max(0, versions.length - keptVersions))) await rm(join(history, old));
	} catch (cause) {
		throw new MillwrightError("config.write-failed", "The configuration could not be written; the running one stays", {
			kind: "outage",
			hint: "Check the free space and the rights of the folder.",
			place: file,
			cause,
		});
	}
}
