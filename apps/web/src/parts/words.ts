/** A name in the language of the page; English, then any, where that one is missing. */
export function wordsIn(words: string | Record<string, string> | undefined, language: string): string {
	if (words === undefined) return "";
	if (typeof words === "string") return words;
	return words[language] ?? words.en ?? Object.values(words)[0] ?? "";
}

/** "cnc-1" as people would write it, where nobody gave a title: "Cnc 1". */
export function titleFromName(name: string): string {
	const spaced = name.replace(/[-_]+/g, " ").trim();
	return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** The last level of a path. */
export const lastLevel = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
