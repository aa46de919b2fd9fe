import type { MqttClient, Packet } from "mqtt";

/**
 * Lets the PUBACK of a message wait for a promise while later messages go on being read. mqtt.js can only wait before reading
 * on, which would make one journey to the disk out of every message; so its sending of PUBACK is led around here.
 * Returns what is to be called within the `message` event.
 */
export function holdAcknowledgements(client: MqttClient, failed: (error: unknown) => void) {
	const held = new Map<number, Promise<unknown>>();
	type Send = (packet: Packet, done?: (error?: Error) => void, ...rest: unknown[]) => void;
	// biome-ignore lint/complexity/useLiteralKeys: private to mqtt.js, and there is no public place for this.
	const send = client["_sendPacket"].bind(client) as Send;
	const later: Send = (packet, done, ...rest) => {
		const promise = packet.cmd === "puback" ? held.get(packet.messageId as number) : undefined;
		if (promise === undefined) {
			send(packet, done, ...rest);
			return;
		}
		held.delete(packet.messageId as number);
		promise.then(() => {
			if (client.connected) send(packet);
		}, failed);
		done?.();
	};
	// biome-ignore lint/complexity/useLiteralKeys: as above.
	client["_sendPacket"] = later as (typeof client)["_sendPacket"];
	return (messageId: number | undefined, until: Promise<unknown> | undefined): void => {
		if (messageId !== undefined && until !== undefined) held.set(messageId, until);
	};
}
