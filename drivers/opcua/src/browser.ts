import type { BrowseEntry } from "@millwright/core";
import {
	AttributeIds,
	BrowseDirection,
	DataType,
	type LocalizedText,
	makeBrowsePath,
	NodeClass,
	NodeClassMask,
	type NodeId,
	type ReferenceDescription,
	ResultMask,
} from "node-opcua-client";
import { parseNodeId, writeNodeId } from "./address.ts";
import type { Connection } from "./connection.ts";
import type { AttributeReader } from "./reader.ts";
import { isNodeId, type Resolver } from "./resolver.ts";
import type { ServerLimits } from "./server-limits.ts";
import { ucumOfUnitId } from "./units.ts";
import { plainValue } from "./values.ts";
import { chunks } from "./within.ts";

const objectsFolder = "i=85";
const hierarchical = "i=33";
const pageSize = 1000;
/** More children than a person can look through, and a bound for a server that never ends its list. */
const mostChildren = 10_000;
const longestValue = 200;

interface Found {
	reference: ReferenceDescription;
	node: NodeId;
}

/** Children of a node, with type, unit, description and value of variables. */
export function createBrowser(connection: Connection, resolver: Resolver, limits: ServerLimits, readAttributes: AttributeReader) {
	const { session } = connection;
	session.requestedMaxReferencesPerNode = pageSize;

	const children = async (node: NodeId, signal: AbortSignal): Promise<ReferenceDescription[]> => {
		let page = await connection.call(
			"Browsing",
			() =>
				session.browse({
					nodeId: node,
					browseDirection: BrowseDirection.Forward,
					referenceTypeId: hierarchical,
					includeSubtypes: true,
					nodeClassMask: NodeClassMask.Object | NodeClassMask.Variable,
					resultMask: ResultMask.NodeClass | ResultMask.BrowseName | ResultMask.DisplayName,
				}),
			signal,
		);
		const all = [...(page.references ?? [])];
		while (page.continuationPoint?.length && all.length < mostChildren) {
			const point = page.continuationPoint;
			page = await connection.call("Browsing on", () => session.browseNext(point, false), signal);
			all.push(...(page.references ?? []));
		}
		if (page.continuationPoint?.length) {
			const point = page.continuationPoint;
			await connection.call("Ending the browse", () => session.browseNext(point, true), signal).catch(() => {});
		}
		return all.slice(0, mostChildren);
	};

	/** EngineeringUnits of each variable that has them, as UCUM or in the server's word. */
	const unitsOf = async (variables: readonly Found[], signal: AbortSignal): Promise<Map<Found, string>> => {
		const units = new Map<Found, string>();
		const properties: { variable: Found; node: NodeId }[] = [];
		for (const piece of chunks(variables, limits.translate)) {
			const results = await connection.call(
				"Looking up units",
				() => session.translateBrowsePath(piece.map(({ node }) => makeBrowsePath(node, ".EngineeringUnits"))),
				signal,
			);
			for (const [i, variable] of piece.entries()) {
				const target = results[i]?.statusCode.isGood() ? results[i]?.targets?.[0] : undefined;
				if (target) properties.push({ variable, node: target.targetId });
			}
		}
		const values = await readAttributes(
			properties.map(({ node }) => ({ nodeId: node, attributeId: AttributeIds.Value })),
			signal,
		);
		for (const [i, { variable }] of properties.entries()) {
			const information = values[i]?.value?.value as { unitId?: number; displayName?: LocalizedText } | null | undefined;
			const unit = ucumOfUnitId(information?.unitId ?? 0) ?? information?.displayName?.text ?? undefined;
			if (unit) units.set(variable, unit);
		}
		return units;
	};

	const typeNames = new Map<string, string>();
	/** Names of types outside the standard are read from the server, once. */
	const nameTypes = async (types: readonly NodeId[], signal: AbortSignal): Promise<void> => {
		const unknown = [...new Map(types.map((type) => [type.toString(), type])).entries()].filter(([key]) => !typeNames.has(key));
		const names = await readAttributes(
			unknown.map(([, type]) => ({ nodeId: type, attributeId: AttributeIds.BrowseName })),
			signal,
		);
		for (const [i, [key]] of unknown.entries()) {
			const name = (names[i]?.value?.value as { name?: string } | null | undefined)?.name;
			typeNames.set(key, name ?? key);
		}
	};

	return async (from: string | undefined, signal: AbortSignal): Promise<BrowseEntry[]> => {
		const written = parseNodeId(from ?? objectsFolder);
		const [start] = written ? await resolver.resolve([{ node: from ?? objectsFolder }], signal) : [];
		if (!start || !isNodeId(start)) return [];
		const seen = new Set<string>();
		const found = (await children(start, signal)).flatMap((reference): Found[] => {
			const node = reference.nodeId as NodeId;
			const key = node.toString();
			if (seen.has(key)) return [];
			seen.add(key);
			return [{ reference, node }];
		});
		const variables = found.filter(({ reference }) => reference.nodeClass === NodeClass.Variable);
		const details = await readAttributes(
			variables.flatMap(({ node }) =>
				[AttributeIds.DataType, AttributeIds.Value, AttributeIds.Description].map((attributeId) => ({
					nodeId: node,
					attributeId,
				})),
			),
			signal,
		);
		const types = variables.map((_, i) => details[i * 3]?.value?.value as NodeId | null | undefined);
		await nameTypes(
			types.filter((type): type is NodeId => Boolean(type)),
			signal,
		);
		const units = await unitsOf(variables, signal);
		const places = new Map(variables.map((variable, i) => [variable, i]));

		return found.map((each): BrowseEntry => {
			const node = writeNodeId(resolver.write(each.node));
			const name = each.reference.displayName?.text || each.reference.browseName?.name || node;
			const at = places.get(each) ?? -1;
			if (at < 0) return { node, name, kind: "object" };
			const type = types[at];
			const data = details[at * 3 + 1];
			const description = (details[at * 3 + 2]?.value?.value as LocalizedText | null | undefined)?.text;
			const shown =
				data?.statusCode.isGood() && data.value.dataType !== DataType.ExtensionObject ? shortText(data.value) : undefined;
			const unit = units.get(each);
			return {
				node,
				name,
				kind: "variable",
				address: { node },
				...(type ? { type: typeNames.get(type.toString()) ?? type.toString() } : {}),
				...(unit === undefined ? {} : { unit }),
				...(description ? { description } : {}),
				...(shown === undefined ? {} : { value: shown }),
			};
		});
	};
}

function shortText(variant: Parameters<typeof plainValue>[0]): string | undefined {
	try {
		const value = plainValue(variant);
		return value === null ? undefined : String(value).slice(0, longestValue);
	} catch {
		return undefined;
	}
}
