/**
 * PostgreSQL's text holds every character but U+0000. The rare word with one is written with a mark before it; a word that
 * holds the mark itself has it doubled, so that every word comes back as it was.
 */
const mark = "\u{10FFFD}";
const nul = "\0";

export const storedText = (text: string): string =>
	text.includes(nul) || text.includes(mark) ? text.replaceAll(mark, mark + mark).replaceAll(nul, `${mark}0`) : text;

export const givenText = (text: string): string =>
	text.includes(mark) ? text.replace(/\u{10FFFD}(0|\u{10FFFD})/gu, (_, sign: string) => (sign === "0" ? nul : mark)) : text;
