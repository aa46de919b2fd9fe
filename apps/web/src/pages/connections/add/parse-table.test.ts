import { expect, test } from "vitest";
import { cellsOf, rowsOf } from "./parse-table.ts";

const modbus = ["table", "register", "number", "type", "order", "bit", "length"];
const usual = { table: "holding", type: "uint16" };

test("cells come from tabs, semicolons or commas, with quotes as spreadsheets write them", () => {
	expect(cellsOf("a\tb\r\nc\td\r\n")).toEqual([
		["a", "b"],
		["c", "d"],
	]);
	expect(cellsOf('a;"b;c";"say ""x"""')).toEqual([["a", "b;c", 'say "x"']]);
	expect(cellsOf("a,b\n\n,\nc,d")).toEqual([
		["a", "b"],
		["c", "d"],
	]);
});

test("columns are found by their heads, in any order and in Spanish as well", () => {
	const [row] = rowsOf("Unidad;Registro;Nombre;Tipo;Mínimo;Máximo;Escala\nbar;14;Vacío;REAL;-1;0;0,1", modbus, usual);
	expect(row).toMatchObject({
		name: "Vacío",
		unit: "bar",
		scale: "0.1",
		min: "-1",
		max: "0",
		address: { table: "holding", register: "14", type: "float32" },
	});
});

test("a table without heads is taken in the usual order", () => {
	const rows = rowsOf("Temperature\t4\tint16\tCel\t0.1\nPallets\t2\tuint32", modbus, usual);
	expect(rows.map(({ name, address, unit, scale }) => [name, address.register, address.type, unit, scale])).toEqual([
		["Temperature", "4", "int16", "Cel", "0.1"],
		["Pallets", "2", "uint32", "", ""],
	]);
});

test("40101 is the manual's number, not register 40101", () => {
	const [row] = rowsOf("name,register\nSpeed,40101", modbus, usual);
	expect(row?.address).toEqual({ type: "uint16", number: "40101" });
});

test("a driver with nodes takes the address column as its node", () => {
	const [row] = rowsOf("Speed\tns=2;s=CNC1.Speed", ["node", "path"], {});
	expect(row).toMatchObject({ name: "Speed", address: { node: "ns=2;s=CNC1.Speed" } });
});
