import { type Call, MillwrightError, systemPrincipal } from "@millwright/core";
import type { Sense } from "@millwright/sense/api";

/**
 * Sense's operations for somebody who calls. Sense knows the class its connection gives a tag; here the stricter one of its
 * template counts too, and nobody reads or writes a tag that they may not see.
 */
export function senseForCallers(
	service: Sense,
	{ maySee }: { maySee(principal: Call["principal"], tag: string): boolean },
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
