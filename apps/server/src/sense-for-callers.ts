import { type Call, MillwrightError, systemPrincipal } from "@millwright/core";
import type { ConnectionStatus, Ledger, Sense } from "@millwright/sense/api";

/**
 * Sense's operations for somebody who calls. Sense knows the class its connection gives a tag; here the stricter one of its
 * template counts too, and nobody reads or writes a tag that they may not see.
 */
export function senseForCallers(
	service: Sense,
	{
		maySee,
		gateways,
	}: {
		maySee(principal: Call["principal"], tag: string): boolean;
		/** What comes up from gateways stands in the same lists. */
		gateways: { statuses(): ConnectionStatus[]; ledgers(): Record<string, Ledger> };
	},
): Sense {
	const sees = (call: Call | undefined, tag: string) => maySee(call?.principal ?? systemPrincipal, tag);
	/** In the words that sense has for a tag that does not exist. */
	function refuseHidden(tag: string, call: Call | undefined): void {
		if (sees(call, tag)) return;
		throw new MillwrightError("sense.tag-unknown", `No connection reads a tag "${tag}"`, {
			kind: "missing",
			hint: "Search: millwright sense tags --search …",
		});
	}
	return {
		...service,
		async connections(input, call) {
			const { connections } = await service.connections(input, call);
			return { connections: [...connections, ...gateways.statuses()] };
		},
		async ledger(input, call) {
			const own = await service.ledger(input, call);
			const theirs = gateways.ledgers();
			const total = { ...own.total };
			for (const ledger of Object.values(theirs))
				for (const key of Object.keys(total) as (keyof Ledger)[]) total[key] += ledger[key];
			return { ...own, total, connections: { ...own.connections, ...theirs } };
		},
		async tags(input, call) {
			const { tags, total } = await service.tags(input, call);
			const seen = tags.filter(({ tag }) => sees(call, tag));
			return { tags: seen, total: total - (tags.length - seen.length) };
		},
		async lineage(input, call) {
			refuseHidden(input.tag, call);
			return service.lineage(input, call);
		},
		async write(input, call) {
			refuseHidden(input.tag, call);
			return service.write(input, call);
		},
	};
}
