import { DeviceRefusal, MillwrightError, type Value } from "@millwright/core";
import { AttributeIds, DataType, type NodeId, VariantArrayType } from "node-opcua-client";
import { type Address, describe } from "./address.ts";
import type { Connection } from "./connection.ts";
import { isNodeId, type Resolver } from "./resolver.ts";
import { toVariant } from "./values.ts";

/** Writes values in the type the server's variable has. */
export function createWriter(connection: Connection, resolver: Resolver) {
	const { session } = connection;
	const types = new Map<string, DataType>();

	const typeOf = async (node: NodeId, address: Address, signal: AbortSignal): Promise<DataType> => {
		const key = node.toString();
		const remembered = types.get(key);
		if (remembered !== undefined) return remembered;
		const [rank] = await connection.call(
			"Reading the rank",
			() => session.read([{ nodeId: node, attributeId: AttributeIds.ValueRank }]),
			signal,
		);
		if (rank?.statusCode.value === 0x80340000) throw new DeviceRefusal("BadNodeIdUnknown", 0x80340000);
		if (rank?.statusCode.isGood() && typeof rank.value.value === "number" && rank.value.value >= 0)
			throw new MillwrightError("opcua.array-not-writable", "Arrays cannot be written", {
				kind: "input",
				place: describe(address),
			});
		const type = await connection.call("Looking up the type", () => session.getBuiltInDataType(node), signal);
		// A variable of any number takes the type its value has now.
		const concrete = type === DataType.Variant || type === DataType.Null ? await typeNow(node, signal) : type;
		types.set(key, concrete);
		return concrete;
	};
	const typeNow = async (node: NodeId, signal: AbortSignal): Promise<DataType> => {
		const data = await connection.call("Reading", () => session.read({ nodeId: node, attributeId: AttributeIds.Value }), signal);
		return data.value.dataType === DataType.Null ? DataType.Double : data.value.dataType;
	};

	return async (address: Address, value: Value, signal: AbortSignal): Promise<void> => {
		const [node] = await resolver.resolve([address], signal);
		if (!node || !isNodeId(node)) throw new DeviceRefusal(node?.name ?? "BadNodeIdUnknown", node?.value ?? 0x80340000);
		const type = await typeOf(node, address, signal);
		const variant = { ...toVariant(type, value), arrayType: VariantArrayType.Scalar };
		// Value alone: many servers refuse a write that brings status or times.
		const status = await connection.call(
			"Writing",
			() => session.write({ nodeId: node, attributeId: AttributeIds.Value, value: { value: variant } }),
			signal,
		);
		if (!status.isGood()) throw new DeviceRefusal(status.name, status.value);
	};
}
