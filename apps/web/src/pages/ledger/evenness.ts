import type { Ledger } from "@millwright/sense/api";

/** `counting`: what a gateway read is told with its next sign, while what it sent is here already. */
export type Evenness = "even" | "counting" | "uneven";

/** Connections of gateways are named `<gateway>/<connection>`. */
export const isOfGateway = (connection: string): boolean => connection.includes("/");

/** Whether what was read is what was sent, filtered and refused. */
export function evennessOf(
	connection: string,
	ledger: Pick<Ledger, "read" | "made" | "sent" | "filtered" | "rejected">,
): Evenness {
	if (ledger.read + ledger.made === ledger.sent + ledger.filtered + ledger.rejected) return "even";
	return isOfGateway(connection) ? "counting" : "uneven";
}
