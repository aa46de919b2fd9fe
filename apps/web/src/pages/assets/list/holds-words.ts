const plain = (text: string): string =>
	text
		.normalize("NFKD")
		.replace(/[\u0300-\u036f]/g, "")
		.toLowerCase();

/** True when the text holds every word, in any order, accents aside. */
export function holdsWords(text: string, words: string): boolean {
	const where = plain(text);
	return plain(words)
		.split(/\s+/)
		.every((word) => where.includes(word));
}
