import { AttributeIds, DataType } from "node-opcua-client";
import type { Connection } from "./connection.ts";

/** How many operations one call may carry. Source: OPC UA Part 5 §6.3.11, OperationLimits; 0 or nothing means no limit. */
export interface ServerLimits {
	read: number;
	write: number;
	browse: number;
	translate: number;
	monitor: number;
}

const nodes: Record<keyof ServerLimits, string> = {
	read: "i=11705",
	write: "i=11707",
	browse: "i=11710",
	translate: "i=11712",
	monitor: "i=11714",
};
/** What we ask at most, whatever the server allows: answers stay within one message of common servers. */
const most: ServerLimits = { read: 1000, write: 100, browse: 200, translate: 500, monitor: 1000 };

/** Servers without these nodes are common; then our own sizes hold. */
export async function readLimits(connection: Connection): Promise<ServerLimits> {
	const names = Object.keys(nodes) as (keyof ServerLimits)[];
	const limits = { ...most };
	const answers = await connection.call("Reading the server's limits", () =>
		connection.session.read(names.map((name) => ({ nodeId: nodes[name], attributeId: AttributeIds.Value }))),
	);
	for (const [i, name] of names.entries()) {
		const answer = answers[i];
		if (answer?.statusCode.isGood() && answer.value.dataType === DataType.UInt32 && answer.value.value > 0)
			limits[name] = Math.min(most[name], answer.value.value);
	}
	return limits;
}
