import type { MessageProperties } from "@millwright/core";
import type { IPublishPacket } from "mqtt";

type WireProperties = NonNullable<IPublishPacket["properties"]>;

/** `expirySeconds` is what is left of the message's life. */
export function toWire(properties: MessageProperties | undefined, expirySeconds: number | undefined): WireProperties | undefined {
	if (properties === undefined) return undefined;
	const { contentType, responseTopic, correlationData, payloadFormatIndicator, userProperties } = properties;
	return {
		...(contentType === undefined ? {} : { contentType }),
		...(responseTopic === undefined ? {} : { responseTopic }),
		...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
		...(payloadFormatIndicator === undefined ? {} : { payloadFormatIndicator }),
		...(userProperties === undefined ? {} : { userProperties }),
		...(expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds }),
	};
}

export function fromWire(properties: WireProperties | undefined): MessageProperties | undefined {
	if (properties === undefined) return undefined;
	const { contentType, responseTopic, correlationData, payloadFormatIndicator, userProperties, messageExpiryInterval } =
		properties;
	const ours: MessageProperties = {
		...(contentType === undefined ? {} : { contentType }),
		...(responseTopic === undefined ? {} : { responseTopic }),
		...(correlationData === undefined ? {} : { correlationData }),
		...(payloadFormatIndicator === undefined ? {} : { payloadFormatIndicator }),
		...(userProperties === undefined ? {} : { userProperties: { ...userProperties } }),
		...(messageExpiryInterval === undefined ? {} : { messageExpirySeconds: messageExpiryInterval }),
	};
	return Object.keys(ours).length === 0 ? undefined : ours;
}
