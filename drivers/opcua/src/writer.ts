import { DeviceRefusal, MillwrightError, type Value } from "@millwright/core";
import {
	AttributeIds,
	BrowseDirection,
	DataType,
	type NodeId,
	ResultMask,
	StatusCodes,
	VariantArrayType,
} from "node-opcua-client";
import { type Address, describe } from "./address.ts";
import { builtInType } from "./built-in-type.ts";
import type { Connection } from "./connection.ts";
import { isGoneForGood } from "./reader.ts";
import { isNodeId, type Resolver } from "./resolver.ts";
import { toVariant } from "./values.ts";

const hasSubtype = "i=45";

/** Writes values in the type the server's variable has. */
export function createWriter(connection: Connection, resolver: Resolver) {
	const { session } = connection;
	const types = new Map<string, DataType>();

	const typeOf = async (node: NodeId, address: Address, signal: AbortSignal): Promise<DataType> => {
		const key = node.toString();
		const remembered = types.get(key);
		if (remembered !== undefined) return remembered;
		const [rank, declared] = await connection.call(
			"Looking up the type",
			() => session.read([AttributeIds.ValueRank, AttributeIds.DataType].map((attributeId) => ({ nodeId: node, attributeId }))),
			signal,
		);
		if (rank?.statusCode === StatusCodes.BadNodeIdUnknown) throw new DeviceRefusal("BadNodeIdUnknown", rank.statusCode.value);
		if (rank?.statusCode.isGood() && typeof rank.value.value === "number" && rank.value.value >= 0)
			throw new MillwrightError("opcua.array-not-writable", "Arrays cannot be written", {
				kind: "input",
				place: describe(address),
			});
		const type = declared?.statusCode.isGood()
			? await builtInType(declared.value.value as NodeId | null, (type) => superTypeOf(type, signal))
			: undefined;
		// A variable of any number takes the type its value has now.
		const concrete = type ?? (await typeNow(node, signal));
		types.set(key, concrete);
		return concrete;
	};
	const superTypeOf = async (nodeId: NodeId, signal: AbortSignal): Promise<NodeId | null> => {
		const { references } = await connection.call(
			"Looking up the type",
			() =>
				session.browse({
					nodeId,
					browseDirection: BrowseDirection.Inverse,
					referenceTypeId: hasSubtype,
					includeSubtypes: false,
					resultMask: ResultMask.BrowseName,
				}),
			signal,
		);
		return (references?.[0]?.nodeId as NodeId | undefined) ?? null;
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
		// The node is another one by now, or has another type: both are looked up again next time.
		if (isGoneForGood(status)) resolver.forget(address);
		if (status === StatusCodes.BadTypeMismatch) types.delete(node.toString());
		if (!status.isGood()) throw new DeviceRefusal(status.name, status.value);
	};
}
