import { coerceNodeId, DataType, type NodeId } from "node-opcua-client";
import { expect, test } from "vitest";
import { builtInType } from "./built-in-type.ts";

/** A family of types, child to parent. */
const family =
	(parents: Record<string, string>) =>
	async (type: NodeId): Promise<NodeId | null> => {
		const parent = parents[type.toString()];
		return parent === undefined ? null : coerceNodeId(parent);
	};
const typeOf = (type: string, parents: Record<string, string> = {}) => builtInType(coerceNodeId(type), family(parents));

test("the types of the standard are themselves, enumerations and their kind travel as Int32", async () => {
	expect(await typeOf("i=11")).toBe(DataType.Double);
	expect(await typeOf("i=290", { "ns=0;i=290": "i=11" })).toBe(DataType.Double);
	expect(await typeOf("i=29")).toBe(DataType.Int32);
	expect(await typeOf("ns=3;i=3002", { "ns=3;i=3002": "i=29" })).toBe(DataType.Int32);
});

test("a type of another namespace is not the standard's of the same number", async () => {
	expect(await typeOf("ns=2;i=1", { "ns=2;i=1": "i=29" })).toBe(DataType.Int32);
	expect(await typeOf("ns=2;i=29", { "ns=2;i=29": "i=12" })).toBe(DataType.String);
	expect(await typeOf("ns=2;i=11")).toBeUndefined();
});

test("what may be several types, and a family that goes round in a circle, stay open", async () => {
	expect(await typeOf("i=26", { "ns=0;i=26": "i=24" })).toBeUndefined();
	expect(await typeOf("ns=1;s=A", { "ns=1;s=A": "ns=1;s=B", "ns=1;s=B": "ns=1;s=A" })).toBeUndefined();
	expect(await builtInType(null, family({}))).toBeUndefined();
});
