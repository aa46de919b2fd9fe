import { MillwrightError } from "@millwright/core";

/** What a device answers when it says no. Source: Modbus Application Protocol V1.1b3 §7. */
export const exceptionNames: Readonly<Record<number, string>> = {
	1: "illegal function",
	2: "illegal data address",
	3: "illegal data value",
	4: "server device failure",
	5: "acknowledge, still working",
	6: "server device busy",
	8: "memory parity error",
	10: "gateway path unavailable",
	11: "gateway target device failed to respond",
};

/** "exception 2 illegal data address" */
export const exceptionText = (code: number): string => `exception ${code} ${exceptionNames[code] ?? "unknown to the standard"}`;

/**
 * Bytes that are not what the protocol allows. `answer` is the exception a server owes for such a request;
 * a client that sees one has a peer that cannot be trusted to keep frames apart.
 */
export class MalformedPdu extends MillwrightError {
	readonly answer: number;
	constructor(message: string, answer = 3) {
		super("modbus.pdu-malformed", message, {
			kind: "outage",
			hint: "The peer broke the Modbus protocol; check that the port belongs to a Modbus TCP server and that no second master shares its gateway.",
		});
		this.name = "MalformedPdu";
		this.answer = answer;
	}
}

/** A request that no Modbus frame can carry; the caller's mistake. */
export const impossibleRequest = (message: string): MillwrightError =>
	new MillwrightError("modbus.request-impossible", message, { kind: "input", hint: "Ask for less, or split the request." });
