import * as z from "zod";

/** Text of a node id without its namespace: i=85, s=CNC1.Speed, g=…, b=… */
const identifier = /^(i=\d{1,10}|s=[^\0]{1,4096}|g=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|b=[A-Za-z0-9+/]+={0,2})$/i;

/** A node id as written: of a namespace by number or by its URI. Source: OPC UA Part 6 §5.1.12 (1.05). */
export interface WrittenNodeId {
	namespace: number | string;
	/** "s=CNC1.Speed" */
	identifier: string;
}

/** In URIs of nsu= the two characters ; and % are escaped. */
const unescapeUri = (text: string): string => text.replace(/%3B/gi, ";").replace(/%25/g, "%");
const escapeUri = (text: string): string => text.replaceAll("%", "%25").replaceAll(";", "%3B");

/** Undefined where the text is no node id. */
export function parseNodeId(text: string): WrittenNodeId | undefined {
	const match = /^(?:ns=(\d{1,5});|nsu=([^;]+);)?([\s\S]+)$/.exec(text);
	const rest = match?.[3];
	if (!match || !rest || !identifier.test(rest)) return undefined;
	if (match[2] !== undefined) return { namespace: unescapeUri(match[2]), identifier: rest };
	const namespace = Number(match[1] ?? 0);
	return namespace <= 0xffff ? { namespace, identifier: rest } : undefined;
}

/** By URI, so that it means the same after the server has renumbered its namespaces. */
export const writeNodeId = ({ namespace, identifier: rest }: WrittenNodeId): string =>
	namespace === 0 ? rest : typeof namespace === "number" ? `ns=${namespace};${rest}` : `nsu=${escapeUri(namespace)};${rest}`;

const mostSteps = 64;

export interface PathStep {
	/** Undefined means the namespace of the address, or 0. */
	namespace: number | undefined;
	name: string;
}

/**
 * "/2:Line1/Speed" into steps along hierarchical references. `&` before a character takes its meaning away, as in
 * OPC UA Part 4 annex A.2. Undefined where the text is no path.
 */
export function parsePath(text: string): PathStep[] | undefined {
	if (!text.startsWith("/") || text.length > 4096) return undefined;
	const steps: PathStep[] = [];
	for (let at = 1; at <= text.length; at++) {
		const number = /^(\d{1,5}):/.exec(text.slice(at, at + 6));
		if (number) at += number[0].length;
		let name = "";
		for (; at < text.length && text[at] !== "/"; at++) {
			if (text[at] === "&") at++;
			name += text[at] ?? "";
		}
		if (name === "" || steps.length === mostSteps) return undefined;
		steps.push({ namespace: number ? Number(number[1]) : undefined, name });
	}
	return steps;
}

/** One step of a path, escaped. */
export const writeStep = ({ namespace, name }: PathStep): string =>
	`/${namespace === undefined ? "" : `${namespace}:`}${name.replace(/[&/:]/g, "&$&")}`;

export const Address = z
	.strictObject({
		node: z
			.string()
			.refine((text) => parseNodeId(text) !== undefined, {
				error: "not a node id such as ns=2;s=CNC1.Speed or nsu=urn:plant;s=CNC1.Speed",
			})
			.optional()
			.meta({ description: "ns=2;s=CNC1.Speed, or nsu=<namespace uri>;s=CNC1.Speed, which survives renumbered namespaces" }),
		path: z
			.string()
			.refine((text) => parsePath(text) !== undefined, { error: "not a path such as /2:Line1/2:CNC1/2:Speed" })
			.optional()
			.meta({ description: "Browse names from the Objects folder, looked up at each connection: /2:Line1/2:Speed" }),
		namespace: z.string().min(1).optional().meta({ description: "Namespace URI of the names in path that have no number" }),
	})
	.refine(({ node, path }) => (node === undefined) !== (path === undefined), {
		error: "Give either node or path",
		path: ["node"],
	})
	.refine(({ path, namespace }) => namespace === undefined || path !== undefined, {
		error: "namespace goes with path; in node write nsu=<uri>;s=…",
		path: ["namespace"],
	});
export type Address = z.output<typeof Address>;

export const describe = ({ node, path, namespace }: Address): string =>
	node === undefined ? `path ${path}${namespace === undefined ? "" : ` in ${namespace}`}` : `node ${node}`;

/** The same text for the same address; what is resolved is remembered under it. */
export const keyOf = ({ node, path, namespace }: Address): string => node ?? `${path}\n${namespace ?? ""}`;
