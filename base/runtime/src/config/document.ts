import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { ConfigEdit, ConfigProblem, Section } from "../config-types.ts";

export interface ParsedConfig {
	document: Document;
	/** Checked content by section; undefined where the section has problems. */
	content: Map<string, unknown>;
	problems: ConfigProblem[];
}

const mostBytes = 32 * 1024 * 1024;

/** One YAML text against the sum of the packages' schemas. Problems carry line, column and the next step. */
export function parseConfig({
	text,
	name,
	sections,
}: {
	text: string;
	name: string;
	sections: readonly Section[];
}): ParsedConfig {
	const problems: ConfigProblem[] = [];
	const content = new Map<string, unknown>();
	const lines = new LineCounter();
	if (text.length > mostBytes) {
		problems.push({
			code: "config.too-large",
			message: `The file has ${text.length} characters`,
			place: name,
			hint: `Keep it below ${mostBytes}.`,
		});
		text = "";
	}
	// maxAliasCount in toJS guards against a file that unfolds without end.
	const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, version: "1.2" });
	const at = (offset: number | undefined, path: string) => {
		if (offset === undefined) return path ? `${name} ${path}` : name;
		const { line, col } = lines.linePos(offset);
		return `${name}:${line}:${col}${path ? ` ${path}` : ""}`;
	};
	for (const error of document.errors)
		problems.push({
			code: "config.yaml-invalid",
			message: firstLine(error.message),
			place: at(error.pos[0], ""),
			hint: "Check indentation, quotes and colons on this line.",
		});
	if (problems.length > 0) return { document, content, problems };

	let root: Record<string, unknown> = {};
	try {
		const whole: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
		if (typeof whole !== "object" || Array.isArray(whole)) throw new Error("The file is not a map of sections");
		root = whole as Record<string, unknown>;
	} catch (cause) {
		problems.push({
			code: "config.yaml-invalid",
			message: firstLine(String((cause as Error).message)),
			place: name,
			hint: "The file begins with section names such as sense: and twin:.",
		});
		return { document, content, problems };
	}
	const known = sections.map((section) => section.name);
	for (const key of Object.keys(root)) {
		if (known.includes(key)) continue;
		const near = closest(key, known);
		problems.push({
			code: "config.section-unknown",
			message: `There is no section "${key}"`,
			place: at(offsetOf(document, [key]), key),
			hint: near ? `Did you mean "${near}"?` : `Sections: ${known.join(", ")}.`,
		});
	}
	for (const section of sections) {
		const result = section.schema.safeParse(root[section.name] ?? {});
		if (result.success) content.set(section.name, result.data);
		else
			for (const issue of flatten(result.error.issues)) {
				const path = [section.name, ...issue.path];
				problems.push({
					code: "config.invalid",
					message: issue.message,
					place: at(offsetOf(document, path), path.join(".")),
					...hintFor(issue),
				});
			}
	}
	return { document, content, problems };
}

/** Applies edits to a copy; comments and the order of what is not touched survive. */
export function editConfig(text: string, edits: readonly ConfigEdit[]): string {
	const document = parseDocument(text, { version: "1.2" });
	if (document.contents === null) document.contents = document.createNode({}) as unknown as typeof document.contents;
	for (const { path, value } of edits) {
		if (value === undefined) {
			if (document.hasIn(path)) document.deleteIn(path);
		} else {
			// A parent written as `key:` (null) or missing becomes a map.
			for (let depth = 1; depth < path.length; depth++) {
				const parent: unknown = document.getIn(path.slice(0, depth));
				if (parent === undefined || parent === null) document.setIn(path.slice(0, depth), document.createNode({}));
				else if (isMap(parent) && parent.items.length === 0) parent.flow = false;
			}
			document.setIn(path, document.createNode(value));
		}
	}
	return document.toString({ lineWidth: 140 });
}

interface FlatIssue {
	path: (string | number)[];
	message: string;
	code: string;
	keys: string[];
}

/** Of a union only the branch that came closest is told. */
function flatten(issues: readonly z.core.$ZodIssue[]): FlatIssue[] {
	return issues.flatMap((issue): FlatIssue[] => {
		const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
		if (issue.code === "invalid_union" && issue.errors.length > 0) {
			const best = issue.errors.map((branch) => flatten(branch)).sort((a, b) => depth(b) - depth(a))[0] ?? [];
			return best.map((inner) => ({ ...inner, path: [...path, ...inner.path] }));
		}
		return [
			{ path, message: issue.message, code: issue.code ?? "custom", keys: issue.code === "unrecognized_keys" ? issue.keys : [] },
		];
	});
}
const depth = (issues: FlatIssue[]) => Math.max(0, ...issues.map((issue) => issue.path.length));

function hintFor(issue: FlatIssue): { hint?: string } {
	if (issue.code === "unrecognized_keys") return { hint: `Remove or correct: ${issue.keys.join(", ")}.` };
	if (issue.code === "invalid_type") return { hint: "See the reference of the configuration for the type of this field." };
	return {};
}

/** Where in the text a path begins, or the deepest part of it that exists. */
function offsetOf(document: Document, path: readonly (string | number)[]): number | undefined {
	let node: unknown = document.contents;
	let offset: number | undefined;
	for (const step of path) {
		if (isMap(node)) {
			const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
			if (!pair) break;
			if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
			node = pair.value;
		} else if (isNode(node) && "items" in node && typeof step === "number") {
			node = (node.items as unknown[])[step];
			if (isNode(node)) offset = node.range?.[0] ?? offset;
		} else break;
	}
	return offset;
}

const firstLine = (text: string) => text.split("\n")[0] as string;

/** The nearest of several words by edit distance; undefined when none is near. */
export function closest(word: string, among: readonly string[]): string | undefined {
	const scored = among
		.map((other) => ({ other, distance: editDistance(word, other) }))
		.sort((a, b) => a.distance - b.distance)[0];
	return scored && scored.distance <= Math.max(2, word.length / 3) ? scored.other : undefined;
}

function editDistance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, j) => j);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++)
			next[j] = Math.min(
				(row[j] as number) + 1,
				(next[j - 1] as number) + 1,
				(row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
			);
		row = next;
	}
	return row[b.length] as number;
}
