/** MQTT 5 reason codes this broker gives. Source: MQTT 5 §2.4. */
export const Reason = {
	success: 0x00,
	disconnectWithWill: 0x04,
	noMatchingSubscribers: 0x10,
	noSubscriptionExisted: 0x11,
	unspecified: 0x80,
	malformed: 0x81,
	protocolError: 0x82,
	unsupportedVersion: 0x84,
	clientIdNotValid: 0x85,
	badUserOrPassword: 0x86,
	notAuthorized: 0x87,
	serverUnavailable: 0x88,
	serverBusy: 0x89,
	serverShuttingDown: 0x8b,
	badAuthenticationMethod: 0x8c,
	keepAliveTimeout: 0x8d,
	sessionTakenOver: 0x8e,
	topicFilterInvalid: 0x8f,
	topicNameInvalid: 0x90,
	packetIdNotFound: 0x92,
	receiveMaximumExceeded: 0x93,
	topicAliasInvalid: 0x94,
	packetTooLarge: 0x95,
	quotaExceeded: 0x97,
	administrative: 0x98,
	payloadFormatInvalid: 0x99,
	qosNotSupported: 0x9b,
} as const;

/** The peer broke MQTT, or a limit of ours; the connection ends with this code where the version has codes. */
export class ProtocolError extends Error {
	readonly reason: number;
	constructor(reason: number, message: string) {
		super(message);
		this.name = "ProtocolError";
		this.reason = reason;
	}
}

/** MQTT 3.1.1 CONNACK return code that says the same. Source: MQTT 3.1.1 §3.2.2.3. */
export function returnCodeOf(reason: number): number {
	switch (reason) {
		case Reason.success:
			return 0;
		case Reason.unsupportedVersion:
			return 1;
		case Reason.clientIdNotValid:
			return 2;
		case Reason.badUserOrPassword:
			return 4;
		case Reason.notAuthorized:
			return 5;
		default:
			return 3;
	}
}
