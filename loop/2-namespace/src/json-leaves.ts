/** A value in a JSON text that holds no others, by the names that lead to it and where its bytes stand; `end` is exclusive. */
export interface JsonLeaf {
	readonly path: readonly string[];
	readonly start: number;
	readonly end: number;
}

const quote = 0x22;
const backslash = 0x5c;
const deepest = 8;
const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
/** `,` `]` `}` and blanks end a number or a word. */
const isEnd = (byte: number | undefined): boolean =>
	byte === undefined || byte === 0x2c || byte === 0x5d || byte === 0x7d || isBlank(byte);

/**
 * Where the leaves of a JSON text stand; the text is known to be valid. Undefined where names could mean something else than
 * their bytes (escaped, twice in one object) or the text is deeper than documents are.
 */
export function jsonLeaves(bytes: Buffer): JsonLeaf[] | undefined {
	const leaves: JsonLeaf[] = [];
	let at = 0;

	const skipBlanks = (): void => {
		while (isBlank(bytes[at])) at++;
	};

	/** Behind the closing quote; -1 where something is escaped and it has to be plain. */
	function skipText(plain: boolean): number {
		for (at++; bytes[at] !== quote; at++) {
			if (bytes[at] !== backslash) continue;
			if (plain) return -1;
			at++;
		}
		return ++at;
	}

	function walkObject(path: readonly string[]): boolean {
		const names = new Set<string>();
		at++;
		for (skipBlanks(); bytes[at] !== 0x7d; skipBlanks()) {
			if (bytes[at] === 0x2c) {
				at++;
				skipBlanks();
			}
			const start = at + 1;
			if (skipText(true) < 0) return false;
			const name = bytes.toString("utf8", start, at - 1);
			if (names.has(name)) return false;
			names.add(name);
			skipBlanks();
			at++; // the colon
			if (!walk([...path, name])) return false;
		}
		at++;
		return true;
	}

	function walkList(path: readonly string[]): boolean {
		at++;
		let index = 0;
		for (skipBlanks(); bytes[at] !== 0x5d; skipBlanks()) {
			if (bytes[at] === 0x2c) at++;
			if (!walk([...path, String(index++)])) return false;
		}
		at++;
		return true;
	}

	function walk(path: readonly string[]): boolean {
		skipBlanks();
		if (path.length > deepest) return false;
		const start = at;
		if (bytes[at] === 0x7b) return walkObject(path);
		if (bytes[at] === 0x5b) return walkList(path);
		if (bytes[at] === quote) skipText(false);
		else while (!isEnd(bytes[at])) at++;
		leaves.push({ path, start, end: at });
		return true;
	}

	return walk([]) ? leaves : undefined;
}
