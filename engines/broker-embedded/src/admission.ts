import { randomBytes } from "node:crypto";
import type { BrokerRights } from "@millwright/core";
import type { IConnackPacket, IConnectPacket } from "mqtt-packet";
import type { BrokerCore } from "./core.ts";
import { fixedLimits } from "./limits.ts";
import { encodeProperties } from "./publish-properties.ts";
import { ProtocolError, Reason } from "./reason-codes.ts";
import type { Will } from "./sessions.ts";
import { isTopicName } from "./topic-names.ts";
import type { Transport } from "./transport.ts";

const never = 0xffff_ffff;

/** What a CONNECT asks for, checked. Source: MQTT 5 §3.1. */
export interface Terms {
	version: 3 | 4 | 5;
	clientId: string;
	/** The client gave none; ours is told in the CONNACK. */
	assigned: boolean;
	clean: boolean;
	expirySeconds: number;
	/** 0 where there is none. */
	keepAliveSeconds: number;
	serverKeepAlive: boolean;
	window: number;
	maxPacketBytes: number;
	explain: boolean;
	/** Topics the client lets numbers stand for. */
	aliasMaximum: number;
	/** It would like to know where answers to its requests may go. */
	wantsResponseInformation: boolean;
	will: Will | undefined;
}

function numberOf(value: unknown, what: string, least: number): number | undefined {
	if (value === undefined) return undefined;
	if (typeof value !== "number" || value < least) throw new ProtocolError(Reason.protocolError, `${what} is out of range`);
	return value;
}

const allowed = new Set([
	"sessionExpiryInterval",
	"receiveMaximum",
	"maximumPacketSize",
	"topicAliasMaximum",
	"requestResponseInformation",
	"requestProblemInformation",
	"userProperties",
	"authenticationMethod",
	"authenticationData",
]);

/** What the packet parser lets pass. `body` is the first byte behind the fixed header. Source: MQTT 5 §3.1.2; 3.1.1 §3.1.2.9. */
export function checkConnect(bytes: Buffer, body: number, packet: IConnectPacket): void {
	const flags = bytes[body + 3 + bytes.readUInt16BE(body)] as number;
	const willQos = (flags >> 3) & 3;
	if (willQos === 3 || ((flags & 0x04) === 0 && (flags & 0x38) !== 0))
		throw new ProtocolError(Reason.malformed, "The flags of the will are broken");
	if (packet.protocolVersion !== 5 && (flags & 0xc0) === 0x40)
		throw new ProtocolError(Reason.malformed, "A password without a name");
	const properties = packet.protocolVersion === 5 ? (packet.properties ?? {}) : {};
	for (const name of Object.keys(properties))
		if (!allowed.has(name)) throw new ProtocolError(Reason.malformed, `${name} does not belong to CONNECT`);
	if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined)
		throw new ProtocolError(Reason.protocolError, "Authentication data without a method");
}

export function termsOf(packet: IConnectPacket, core: BrokerCore): Terms {
	const version = packet.protocolVersion ?? 4;
	const properties = version === 5 ? (packet.properties ?? {}) : {};
	if (properties.authenticationMethod !== undefined)
		throw new ProtocolError(Reason.badAuthenticationMethod, "Enhanced authentication is not offered");
	const clean = packet.clean !== false;
	let clientId = packet.clientId;
	if (clientId.length > fixedLimits.clientIdLength || clientId.includes("\n") || clientId.includes("\0"))
		throw new ProtocolError(Reason.clientIdNotValid, "The client identifier cannot be used");
	const assigned = clientId === "";
	if (assigned) {
		if (version !== 5 && !clean) throw new ProtocolError(Reason.clientIdNotValid, "A lasting session needs a client identifier");
		clientId = `mw-${randomBytes(9).toString("base64url")}`;
	}
	const given = numberOf(properties.sessionExpiryInterval, "Session expiry", 0) ?? 0;
	const longest = core.limits.keepAliveMaxSeconds;
	const wanted = packet.keepalive ?? 0;
	const serverKeepAlive = version === 5 && (wanted === 0 || wanted > longest);
	return {
		version,
		clientId,
		assigned,
		clean,
		expirySeconds: version === 5 ? (given === never ? Number.POSITIVE_INFINITY : given) : clean ? 0 : Number.POSITIVE_INFINITY,
		keepAliveSeconds: serverKeepAlive ? longest : wanted,
		serverKeepAlive,
		window: Math.min(numberOf(properties.receiveMaximum, "Receive maximum", 1) ?? 65_535, fixedLimits.inflight),
		maxPacketBytes: Math.min(
			numberOf(properties.maximumPacketSize, "Maximum packet size", 1) ?? Number.POSITIVE_INFINITY,
			core.limits.maxPacketBytes,
		),
		explain: properties.requestProblemInformation !== false,
		aliasMaximum: numberOf(properties.topicAliasMaximum, "Topic alias maximum", 0) ?? 0,
		wantsResponseInformation: properties.requestResponseInformation === true,
		will: willOf(packet, version),
	};
}

function willOf(packet: IConnectPacket, version: 3 | 4 | 5): Will | undefined {
	const { will } = packet;
	if (will === undefined || will === null) return undefined;
	if (!isTopicName(will.topic)) throw new ProtocolError(Reason.topicNameInvalid, "The will's topic is not a topic");
	const payload = Buffer.isBuffer(will.payload) ? will.payload : Buffer.from(will.payload ?? "");
	const properties = version === 5 ? (will.properties ?? {}) : {};
	return {
		topic: will.topic,
		// A copy: it may wait for weeks.
		payload: Buffer.from(payload),
		qos: will.qos ?? 0,
		retain: will.retain ?? false,
		delaySeconds: numberOf(properties.willDelayInterval, "Will delay", 0) ?? 0,
		properties: {
			topicAlias: undefined,
			expirySeconds: numberOf(properties.messageExpiryInterval, "Message expiry", 0),
			responseTopic: properties.responseTopic !== undefined,
			forward: encodeProperties({
				payloadFormatIndicator: properties.payloadFormatIndicator,
				contentType: properties.contentType,
				responseTopic: properties.responseTopic,
				correlationData: properties.correlationData,
				userProperties: properties.userProperties,
			}),
		},
	};
}

/** Asks who it is; undefined where nobody vouches. */
export function authenticate(
	core: BrokerCore,
	packet: IConnectPacket,
	terms: Terms,
	transport: Transport,
): Promise<BrokerRights | undefined> {
	return core.authenticate({
		clientId: terms.clientId,
		address: transport.address,
		secure: transport.secure,
		...(packet.username === undefined ? {} : { username: packet.username }),
		...(packet.password === undefined ? {} : { password: packet.password }),
		...(transport.certificateName === undefined ? {} : { certificateName: transport.certificateName }),
	});
}

/** Where answers to a client's requests may go: a place of its own, where its rights reach that far. */
function responseInformation(terms: Terms, rights: BrokerRights): string | undefined {
	if (!terms.wantsResponseInformation || /[/+#]/.test(terms.clientId)) return undefined;
	const place = `response/${terms.clientId}`;
	return rights.maySubscribe(`${place}/#`) ? place : undefined;
}

export function connackOf(terms: Terms, core: BrokerCore, rights: BrokerRights, sessionPresent: boolean): IConnackPacket {
	if (terms.version !== 5) return { cmd: "connack", returnCode: 0, sessionPresent };
	const response = responseInformation(terms, rights);
	return {
		cmd: "connack",
		reasonCode: 0,
		sessionPresent,
		properties: {
			receiveMaximum: fixedLimits.receiving,
			maximumPacketSize: core.limitsOf(rights, terms.clientId).maxPacketBytes,
			topicAliasMaximum: fixedLimits.topicAliases,
			...(terms.assigned ? { assignedClientIdentifier: terms.clientId } : {}),
			...(response === undefined ? {} : { responseInformation: response }),
			...(terms.serverKeepAlive ? { serverKeepAlive: terms.keepAliveSeconds } : {}),
		},
	};
}
