import pg from "pg";

/** As the other engine gives them: numbers, and 0 and 1 for claims. A number no double can hold is refused rather than bent. */
const parsers: Record<number, (text: string) => unknown> = {
	[pg.types.builtins.INT8]: wholeNumber,
	[pg.types.builtins.NUMERIC]: Number,
	[pg.types.builtins.BOOL]: (text) => (text === "t" ? 1 : 0),
};

function wholeNumber(text: string): number {
	const number = Number(text);
	if (!Number.isSafeInteger(number)) throw new RangeError(`${text} is too large for a number`);
	return number;
}

export const types = {
	getTypeParser: ((oid: number, format?: "text" | "binary") =>
		parsers[oid] ?? pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/** Booleans are 0 and 1 and undefined is NULL, as in every engine's migrations. */
export const inputValue = (value: unknown): unknown =>
	typeof value === "boolean" ? (value ? 1 : 0) : value === undefined ? null : value;
