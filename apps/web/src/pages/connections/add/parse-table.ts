import { emptyRow, type RegisterRow } from "./register-row.ts";

type Column = "name" | "unit" | "scale" | "offset" | "min" | "max" | "normalLow" | "normalHigh" | { address: string };

/** Heads people give such columns, in English and Spanish, plain lower case. */
const heads: Record<string, Exclude<Column, { address: string }>> = {
	name: "name",
	tag: "name",
	nombre: "name",
	senal: "name",
	variable: "name",
	unit: "unit",
	units: "unit",
	unidad: "unit",
	scale: "scale",
	factor: "scale",
	escala: "scale",
	gain: "scale",
	offset: "offset",
	min: "min",
	minimum: "min",
	minimo: "min",
	max: "max",
	maximum: "max",
	maximo: "max",
	"normal low": "normalLow",
	"normal high": "normalHigh",
};

const addressHeads: Record<string, string> = {
	register: "register",
	registro: "register",
	address: "register",
	direccion: "register",
	number: "number",
	numero: "number",
	type: "type",
	tipo: "type",
	"data type": "type",
	order: "order",
	orden: "order",
	"word order": "order",
	table: "table",
	tabla: "table",
	area: "table",
	bit: "bit",
	length: "length",
	node: "node",
	"node id": "node",
	nodo: "node",
};

const plain = (text: string): string =>
	text
		.normalize("NFKD")
		.replace(/[\u0300-\u036f]/g, "")
		.replace(/\s+/g, " ")
		.trim()
		.toLowerCase();

/** Cells of text copied from a spreadsheet (tabs) or a CSV file (semicolons or commas, quotes doubled inside quotes). */
export function cellsOf(text: string): string[][] {
	const firstLine = text.slice(0, text.search(/\r?\n|$/));
	const separator = firstLine.includes("\t") ? "\t" : firstLine.includes(";") ? ";" : ",";
	const rows: string[][] = [];
	let row: string[] = [];
	let cell = "";
	let quoted = false;
	const endCell = (): void => {
		row.push(cell.trim());
		cell = "";
	};
	const endRow = (): void => {
		endCell();
		if (row.some((each) => each !== "")) rows.push(row);
		row = [];
	};
	for (let i = 0; i < text.length; i++) {
		const char = text[i] as string;
		if (quoted) {
			if (char !== '"') cell += char;
			else if (text[i + 1] === '"') {
				cell += '"';
				i++;
			} else quoted = false;
		} else if (char === '"' && cell.trim() === "") {
			quoted = true;
			cell = "";
		} else if (char === separator) endCell();
		else if (char === "\n") endRow();
		else if (char !== "\r") cell += char;
	}
	endRow();
	return rows;
}

/** Names of types as manuals write them. */
const typeNames: Record<string, string> = {
	float: "float32",
	real: "float32",
	single: "float32",
	double: "float64",
	lreal: "float64",
	int: "int16",
	word: "uint16",
	uint: "uint16",
	dint: "int32",
	dword: "uint32",
	udint: "uint32",
	u16: "uint16",
	i16: "int16",
	s16: "int16",
	u32: "uint32",
	i32: "int32",
	s32: "int32",
	f32: "float32",
	f64: "float64",
	boolean: "bool",
};

const looksNumbered = /^[0134]\d{4,5}$/;

function columnsOf(head: string[], addressFields: readonly string[]): (Column | undefined)[] | undefined {
	const columns = head.map((cell): Column | undefined => {
		const word = plain(cell);
		const known = heads[word];
		if (known) return known;
		const address = addressHeads[word] ?? addressFields.find((field) => field.toLowerCase() === word);
		return address !== undefined && addressFields.includes(address) ? { address } : undefined;
	});
	return columns.filter((column) => column !== undefined).length >= 2 ? columns : undefined;
}

/** Without a head: name, address, type, unit, scale, as most lists go. */
const usual = (addressFields: readonly string[]): Column[] => {
	const [first = "register"] = addressFields.filter((field) => ["register", "node"].includes(field));
	return [
		"name",
		{ address: first },
		...(addressFields.includes("type") ? [{ address: "type" }] : []),
		"unit",
		"scale",
		"min",
		"max",
	];
};

/**
 * Rows of a pasted table. Columns are found by their heads, or taken in the usual order; "40101" in an address column is
 * kept as a number counted from 1 where the driver knows such numbers.
 */
export function rowsOf(text: string, addressFields: readonly string[], usualAddress: Record<string, string>): RegisterRow[] {
	const cells = cellsOf(text);
	const head = cells[0] && columnsOf(cells[0], addressFields);
	const columns = head ?? usual(addressFields);
	return cells.slice(head ? 1 : 0).map((line) => {
		const row = emptyRow({ ...usualAddress });
		line.forEach((cell, index) => {
			const column = columns[index];
			if (column === undefined || cell === "") return;
			if (typeof column === "string") {
				row[column] = column === "name" || column === "unit" ? cell : cell.replace(",", ".");
				return;
			}
			const { address } = column;
			if (address === "register" && looksNumbered.test(cell) && addressFields.includes("number")) {
				row.address.number = cell;
				delete row.address.table;
			} else if (address === "type") row.address.type = typeNames[plain(cell)] ?? plain(cell);
			else row.address[address] = cell;
		});
		return row;
	});
}
