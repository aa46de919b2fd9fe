import { AttributeIds, BrowsePath, coerceNodeId, type NodeId, type StatusCode, StatusCodes } from "node-opcua-client";
import { type Address, keyOf, parseNodeId, parsePath, type WrittenNodeId } from "./address.ts";
import type { Connection } from "./connection.ts";
import type { ServerLimits } from "./server-limits.ts";
import { chunks } from "./within.ts";

export type Resolved = NodeId | StatusCode;
export const isNodeId = (resolved: Resolved): resolved is NodeId => "identifierType" in resolved;

export interface Resolver {
	/** Same order; a status where an address leads nowhere. */
	resolve(addresses: readonly Address[], signal: AbortSignal): Promise<Resolved[]>;
	/** The server no longer knows the node: look it up again next time. */
	forget(address: Address): void;
	/** The way to write a node id that survives renumbered namespaces. */
	write(node: NodeId): WrittenNodeId;
	namespaceUri(index: number): string | undefined;
}

const namespaceArrayNode = "i=2255";
const objectsFolder = "i=85";
/** More than any configuration; browsing a large server goes through here too. */
const mostKnown = 100_000;
const hierarchical = "i=33";

/**
 * Addresses to the node ids of this session. Nothing is kept beyond it: a server that comes back may have other node
 * ids and other namespace numbers.
 */
export async function createResolver(connection: Connection, limits: ServerLimits): Promise<Resolver> {
	const { session } = connection;
	const answer = await connection.call("Reading the namespaces", () =>
		session.read({ nodeId: namespaceArrayNode, attributeId: AttributeIds.Value }),
	);
	const namespaces: string[] = Array.isArray(answer.value.value) ? answer.value.value.map(String) : [];
	/** Failures are not remembered: what is missing may appear. */
	const known = new Map<string, NodeId>();
	const remember = (address: Address, node: NodeId): void => {
		if (known.size >= mostKnown) known.clear();
		known.set(keyOf(address), node);
	};

	const namespaceIndex = (namespace: number | string): number =>
		typeof namespace === "number" ? namespace : namespaces.indexOf(namespace);

	const fromNode = (text: string): Resolved => {
		const written = parseNodeId(text);
		if (!written) return StatusCodes.BadNodeIdInvalid;
		const index = namespaceIndex(written.namespace);
		if (index < 0) return StatusCodes.BadNodeIdUnknown;
		try {
			return coerceNodeId(`ns=${index};${written.identifier}`);
		} catch {
			return StatusCodes.BadNodeIdInvalid;
		}
	};

	const relativePath = (address: Address): BrowsePath | undefined => {
		const steps = parsePath(address.path ?? "");
		const fallback = address.namespace === undefined ? 0 : namespaceIndex(address.namespace);
		if (!steps || fallback < 0) return undefined;
		// Not from text, because the text form of the library cannot carry every name.
		return new BrowsePath({
			startingNode: objectsFolder,
			relativePath: {
				elements: steps.map(({ namespace, name }) => ({
					referenceTypeId: hierarchical,
					isInverse: false,
					includeSubtypes: true,
					targetName: { namespaceIndex: namespace ?? fallback, name },
				})),
			},
		});
	};

	return {
		async resolve(addresses, signal) {
			const resolved: Resolved[] = addresses.map(() => StatusCodes.BadNoMatch);
			const paths: { at: number; path: BrowsePath }[] = [];
			for (const [at, address] of addresses.entries()) {
				const remembered = known.get(keyOf(address));
				if (remembered) resolved[at] = remembered;
				else if (address.node !== undefined) {
					const node = fromNode(address.node);
					resolved[at] = node;
					if (isNodeId(node)) remember(address, node);
				} else {
					const path = relativePath(address);
					if (path) paths.push({ at, path });
					else resolved[at] = StatusCodes.BadBrowseNameInvalid;
				}
			}
			for (const piece of chunks(paths, limits.translate)) {
				const results = await connection.call(
					"Looking up paths",
					() => session.translateBrowsePath(piece.map(({ path }) => path)),
					signal,
				);
				for (const [i, { at }] of piece.entries()) {
					const result = results[i];
					const target = result?.targets?.find(({ remainingPathIndex }) => remainingPathIndex === 0xffffffff);
					if (result?.statusCode.isGood() && target) {
						const node = coerceNodeId(target.targetId.toString());
						resolved[at] = node;
						remember(addresses[at] as Address, node);
					} else resolved[at] = result && !result.statusCode.isGood() ? result.statusCode : StatusCodes.BadNoMatch;
				}
			}
			return resolved;
		},
		forget: (address) => void known.delete(keyOf(address)),
		write(node) {
			const namespace = node.namespace === 0 ? 0 : (namespaces[node.namespace] ?? node.namespace);
			return { namespace, identifier: node.toString().replace(/^ns=\d+;/, "") };
		},
		namespaceUri: (index) => namespaces[index],
	};
}
