import { type Document, isAlias, isMap, isPair, isScalar, isSeq, parseDocument, type Scalar } from "yaml";

const secretName = /password|passphrase|secret|token|api[-_]?key|private[-_]?key|credential/i;
const mask = '"********"';
const freshMask = '"******** (new)"';

/**
 * The text with the values of secret-sounding keys masked, as they stand: quoted, folded, aliased. For differences that
 * people read. A value that is not among the `former` ones is marked as new, so that a change of it still shows.
 */
export function maskedText(
	text: string,
	document: Document,
	former?: ReadonlySet<string>,
): { text: string; secrets: Set<string> } {
	const secrets = new Set<string>();
	const spots = new Map<number, { end: number; isNew: boolean }>();
	const hide = (scalar: Scalar): void => {
		const { value, range } = scalar;
		if ((typeof value !== "string" && typeof value !== "number") || value === "" || !range) return;
		// A reference to the environment is no secret; what stands beside it would be.
		if (/^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$/.test(String(value))) return;
		secrets.add(String(value));
		spots.set(range[0], { end: range[1], isNew: former !== undefined && !former.has(String(value)) });
	};
	const walk = (node: unknown, name: string): void => {
		if (isAlias(node)) {
			const target = node.resolve(document);
			if (isScalar(target) && secretName.test(name)) hide(target);
		} else if (isScalar(node)) {
			if (secretName.test(name)) hide(node);
		} else if (isSeq(node)) for (const item of node.items) walk(item, name);
		else if (isMap(node))
			for (const pair of node.items) if (isPair(pair)) walk(pair.value, isScalar(pair.key) ? String(pair.key.value) : "");
	};
	walk(document.contents, "");
	let shown = "";
	let at = 0;
	for (const [start, { end, isNew }] of [...spots].sort(([a], [b]) => a - b)) {
		shown += `${text.slice(at, start)}${isNew ? freshMask : mask}${text[end - 1] === "\n" ? "\n" : ""}`;
		at = end;
	}
	return { text: shown + text.slice(at), secrets };
}

/** The values of secret-sounding keys in a configuration's text, references to the environment left out. */
export function secretsIn(text: string): Set<string> {
	try {
		return maskedText(text, parseDocument(text)).secrets;
	} catch {
		return new Set();
	}
}

/** A configuration's text with the values of secret-sounding keys masked; one that is not YAML is left out. */
export function maskedConfig(text: string): string {
	const document = parseDocument(text);
	return document.errors.length > 0 ? "# not shown: it is not YAML\n" : maskedText(text, document).text;
}
