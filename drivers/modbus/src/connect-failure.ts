import { MillwrightError } from "@millwright/core";

const stories: Record<string, { sentence: (where: string) => string; hint: string }> = {
	ECONNREFUSED: {
		sentence: (where) => `Nothing listens at ${where}`,
		hint: "Check the port (502 is usual) and that Modbus TCP is switched on in the device.",
	},
	ETIMEDOUT: {
		sentence: (where) => `${where} does not answer`,
		hint: "Check address, cable, power and firewall.",
	},
	EHOSTUNREACH: { sentence: (where) => `There is no way to ${where}`, hint: "Check network, gateway and mask." },
	ENETUNREACH: { sentence: (where) => `There is no way to ${where}`, hint: "Check network, gateway and mask." },
	ENOTFOUND: { sentence: (where) => `The name of ${where} is not known here`, hint: "Write the IP address, or check the name." },
	EAI_AGAIN: {
		sentence: (where) => `The name of ${where} cannot be looked up now`,
		hint: "Write the IP address, or check the name server.",
	},
	ECONNRESET: {
		sentence: (where) => `${where} refused the connection at once`,
		hint: "Many devices serve only one or two clients; disconnect another one.",
	},
};

/** Why a connection could not be made, for people. */
export function connectFailure(
	host: string,
	port: number,
	cause: { code?: string; message?: string; afterMs?: number },
): MillwrightError {
	const where = `${host}:${port}`;
	const story = stories[cause.code ?? ""];
	const after = cause.afterMs === undefined ? "" : ` within ${cause.afterMs} ms`;
	return new MillwrightError("modbus.connect-failed", story ? `${story.sentence(where)}${after}` : `${where}: ${cause.message}`, {
		kind: "outage",
		hint: story?.hint,
		place: where,
		cause,
	});
}
