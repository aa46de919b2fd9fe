import type { Reading } from "@millwright/core";
import { AttributeIds, type DataValue, type NodeId, type StatusCode, StatusCodes } from "node-opcua-client";
import type { Address } from "./address.ts";
import type { Connection } from "./connection.ts";
import { isNodeId, type Resolver } from "./resolver.ts";
import type { ServerLimits } from "./server-limits.ts";
import { badReading, readingOf } from "./values.ts";
import { chunks } from "./within.ts";

const tooMuch = /BadTooManyOperations|BadRequestTooLarge|BadResponseTooLarge|BadEncodingLimitsExceeded/;

/** Reads attributes in pieces that the server takes; pieces shrink for the rest of the session when it says they are too big. */
export function createAttributeReader(connection: Connection, limits: ServerLimits) {
	const readSome = async (nodes: { nodeId: NodeId; attributeId: AttributeIds }[], signal: AbortSignal): Promise<DataValue[]> => {
		try {
			const values = await connection.call("Reading", () => connection.session.read(nodes), signal);
			if (values.length !== nodes.length) throw new Error(`${values.length} answers to ${nodes.length} reads`);
			return values;
		} catch (error) {
			if (nodes.length === 1 || !(error instanceof Error) || !tooMuch.test(error.message)) throw error;
			limits.read = Math.min(limits.read, Math.ceil(nodes.length / 2));
			const halves: DataValue[] = [];
			for (const half of chunks(nodes, limits.read)) halves.push(...(await readSome(half, signal)));
			return halves;
		}
	};
	return async (nodes: { nodeId: NodeId; attributeId: AttributeIds }[], signal: AbortSignal): Promise<DataValue[]> => {
		const values: DataValue[] = [];
		for (const piece of chunks(nodes, limits.read)) values.push(...(await readSome(piece, signal)));
		return values;
	};
}
export type AttributeReader = ReturnType<typeof createAttributeReader>;

export const isGoneForGood = (status: StatusCode): boolean =>
	status === StatusCodes.BadNodeIdUnknown || status === StatusCodes.BadNodeIdInvalid;

/** One reading an address; an address that leads nowhere is a bad reading. */
export async function readValues(
	connection: Connection,
	resolver: Resolver,
	readAttributes: AttributeReader,
	addresses: readonly Address[],
	signal: AbortSignal,
): Promise<Reading[]> {
	const { clock } = connection.tools;
	const resolved = await resolver.resolve(addresses, signal);
	const found = resolved.flatMap((node, at) => (isNodeId(node) ? [{ at, node }] : []));
	const values = await readAttributes(
		found.map(({ node }) => ({ nodeId: node, attributeId: AttributeIds.Value })),
		signal,
	);
	const now = clock.now();
	const readings: Reading[] = resolved.map((node) =>
		isNodeId(node) ? badReading(StatusCodes.BadNoData, now) : badReading(node, now),
	);
	for (const [i, { at }] of found.entries()) {
		const value = values[i] as DataValue;
		if (isGoneForGood(value.statusCode)) resolver.forget(addresses[at] as Address);
		readings[at] = readingOf(value, now);
	}
	return readings;
}
