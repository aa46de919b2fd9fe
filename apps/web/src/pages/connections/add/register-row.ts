/** One line of the register table, as typed. */
export interface RegisterRow {
	id: number;
	name: string;
	/** Address fields by the driver's names. */
	address: Record<string, string>;
	unit: string;
	scale: string;
	offset: string;
	min: string;
	max: string;
	normalLow: string;
	normalHigh: string;
}

let lastId = 0;

export const emptyRow = (address: Record<string, string> = {}): RegisterRow => ({
	id: ++lastId,
	name: "",
	address,
	unit: "",
	scale: "",
	offset: "",
	min: "",
	max: "",
	normalLow: "",
	normalHigh: "",
});

/** Nothing typed but what came by itself. */
export const isBlank = (row: RegisterRow): boolean =>
	[row.name, row.unit, row.scale, row.offset, row.min, row.max].every((text) => text.trim() === "") &&
	(row.address.register ?? row.address.node ?? row.address.number ?? "") === "";

/** "0,1" and "0.1" alike; undefined where the text is no number. */
export function numberIn(text: string): number | undefined {
	const given = text.trim().replace(",", ".");
	if (given === "") return undefined;
	const value = Number(given);
	return Number.isFinite(value) ? value : undefined;
}
