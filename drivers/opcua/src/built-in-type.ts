import { DataType, type NodeId } from "node-opcua-client";

const enumeration = 29;
/** Deeper than any real family of types, and an end where a server's goes round in a circle. */
const mostGenerations = 32;

/** The built-in type that a node of the standard namespace names; undefined where it names another type. */
function standardType({ namespace, value }: NodeId): DataType | undefined {
	if (namespace !== 0 || typeof value !== "number") return undefined;
	if (value === enumeration) return DataType.Int32;
	return value > DataType.Null && value < DataType.DataValue ? value : undefined;
}

/**
 * How values of a type travel; undefined where that is open, as for Number. Source: OPC UA Part 6 §5.1.2.
 * Not the library's own: that takes the fifth type of any namespace for the fifth of the standard.
 */
export async function builtInType(
	type: NodeId | null,
	superTypeOf: (type: NodeId) => Promise<NodeId | null>,
): Promise<DataType | undefined> {
	let current = type;
	for (let i = 0; current && i < mostGenerations; i++) {
		const found = standardType(current);
		if (found !== undefined) return found;
		current = await superTypeOf(current);
	}
	return undefined;
}
