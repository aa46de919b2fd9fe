import type { z } from "zod";

/** One package's part of the configuration file, under its own key. */
export interface Section<S extends z.ZodType = z.ZodType> {
	readonly name: string;
	readonly schema: S;
}

export const section = <S extends z.ZodType>(name: string, schema: S): Section<S> => ({ name, schema });

/** One place in the file set to a value, or removed with undefined. */
export interface ConfigEdit {
	path: readonly (string | number)[];
	value: unknown;
}

export interface ConfigProblem {
	code: string;
	message: string;
	/** "millwright.yaml:12:5 sense.connections.cnc-1.settings.port". */
	place?: string;
	hint?: string;
}

export interface ConfigChange {
	/** Unified diff of the file's text, secrets masked; comments survive edits. */
	diff: string;
	/** Sections whose content differs. */
	sections: string[];
	problems: ConfigProblem[];
	/** Hash of the text this was computed from. */
	revision: string;
}

/** The one configuration of a process: read, checked, watched, edited. */
export interface Config {
	get<S extends z.ZodType>(section: Section<S>): z.output<S>;
	/** Hears of valid changes to its section only, one at a time; a throwing listener is logged and the others still hear. */
	onChange<S extends z.ZodType>(
		section: Section<S>,
		owner: string,
		listener: (next: z.output<S>, previous: z.output<S>) => void | Promise<void>,
	): () => void;
	preview(edits: readonly ConfigEdit[]): ConfigChange;
	/** Checks, writes atomically (temporary file, fsync, rename), keeps the former text in a history folder, then tells listeners and waits for them. Throws `config.revision-stale` or `config.invalid`. */
	apply(edits: readonly ConfigEdit[], about: { revision?: string; who: string; why?: string }): Promise<ConfigChange>;
	/** An extra check that only a running part can make (does the driver accept these settings?); problems refuse the change. */
	addCheck<S extends z.ZodType>(section: Section<S>, owner: string, check: (next: z.output<S>) => ConfigProblem[]): () => void;
	readonly file: string;
}
