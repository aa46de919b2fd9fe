import { type Api, MillwrightError, type Operation, operationName } from "@millwright/core";
import { closest } from "@millwright/runtime";

export interface Command {
	/** "twin state". */
	words: string;
	step: string;
	key: string;
	operation: Operation;
}

const kebab = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Every operation of every contract as a command: `twin.limitEvents` is `twin limit-events`. */
export const commandsOf = (services: readonly { step: string; api: Api }[]): Command[] =>
	services.flatMap(({ step, api }) =>
		Object.entries(api).map(([key, operation]) => ({ words: `${step} ${kebab(key)}`, step, key, operation })),
	);

export function findCommand(commands: readonly Command[], step: string | undefined, name: string | undefined): Command {
	const words = `${step ?? ""} ${name ?? ""}`.trim();
	const found = commands.find((command) => command.words === words);
	if (found) return found;
	const near = closest(
		words,
		commands.map((command) => command.words),
	);
	throw new MillwrightError("cli.command-unknown", `There is no command "${words}"`, {
		kind: "input",
		hint: near ? `Did you mean "${near}"?` : "List them: millwright help",
	});
}

/**
 * `--from 5 --tags a --tags b --deep.field true` to an input object. Words are read by what the schema expects: the
 * server checks them; here numbers, truths and JSON are told from text by their look, lists by repetition.
 */
export function readOptions(
	args: readonly string[],
	operation: Operation,
): { input: Record<string, unknown>; why?: string; json: boolean } {
	const input: Record<string, unknown> = {};
	let why: string | undefined;
	let json = false;
	for (let at = 0; at < args.length; at++) {
		const arg = args[at] as string;
		if (arg === "--json") {
			json = true;
			continue;
		}
		const match = /^--([A-Za-z][\w.-]*)(?:=([\s\S]*))?$/.exec(arg);
		if (!match)
			throw new MillwrightError("cli.option-invalid", `"${arg}" is not an option`, {
				kind: "input",
				hint: "Options are written --name value. See: millwright help <command>",
			});
		const name = match[1] as string;
		const next = args[at + 1];
		const text = match[2] ?? (next !== undefined && !next.startsWith("--") ? (args[++at] as string) : "true");
		if (name === "why") why = text;
		else if (name === "input") Object.assign(input, parseJson(text, name));
		else put(input, camel(name), wantsText(operation, camel(name)) ? text : guess(text, name));
	}
	return { input, ...(why === undefined ? {} : { why }), json };
}

const camel = (name: string) => name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());

function put(input: Record<string, unknown>, name: string, value: unknown): void {
	const path = name.split(".");
	if (path.some((key) => key === "__proto__" || key === "constructor" || key === "prototype"))
		throw new MillwrightError("cli.option-invalid", `"${name}" cannot be a field`, { kind: "input" });
	let place = input;
	for (const key of path.slice(0, -1)) {
		if (typeof place[key] !== "object" || place[key] === null) place[key] = {};
		place = place[key] as Record<string, unknown>;
	}
	const last = path.at(-1) as string;
	const before = place[last];
	place[last] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
}

/** "true", "12.5" and JSON are taken as what they look like. */
function guess(text: string, name: string): unknown {
	if (text === "true" || text === "false") return text === "true";
	if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
	return /^[[{]/.test(text) ? parseJson(text, name) : text;
}

function parseJson(text: string, name: string): Record<string, unknown> {
	try {
		return JSON.parse(text) as Record<string, unknown>;
	} catch (cause) {
		throw new MillwrightError("cli.json-invalid", `--${name} is not valid JSON`, {
			kind: "input",
			hint: "Put it in single quotes.",
			cause,
		});
	}
}

/** A field that must be text stays text even when it looks like a number ("007"). */
function wantsText(operation: Operation, name: string): boolean {
	const { shape } = operation.input as {
		shape?: Record<string, { _zod?: { def?: { type?: string; innerType?: { _zod?: { def?: { type?: string } } } } } }>;
	};
	const def = shape?.[name]?._zod?.def;
	return def?.type === "string" || def?.innerType?._zod?.def?.type === "string";
}

/** One field becomes a list where the schema wants one: `--tags a`. */
export function fitLists(input: Record<string, unknown>, operation: Operation): Record<string, unknown> {
	const { shape } = operation.input as {
		shape?: Record<string, { _zod?: { def?: { type?: string; innerType?: { _zod?: { def?: { type?: string } } } } } }>;
	};
	return Object.fromEntries(
		Object.entries(input).map(([name, value]) => {
			const def = shape?.[name]?._zod?.def;
			const list = def?.type === "array" || def?.innerType?._zod?.def?.type === "array";
			return [name, list && !Array.isArray(value) ? [value] : value];
		}),
	);
}

export const nameOf = ({ step, key }: Command) => operationName(step, key);
