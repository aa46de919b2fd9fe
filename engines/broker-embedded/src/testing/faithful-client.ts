import type { IPublishPacket, Packet } from "mqtt-packet";
import { RawClient } from "./raw-client.ts";

interface Sent {
	topic: string;
	text: string;
	qos: 1 | 2;
	released: boolean;
}

export interface Heard {
	topic: string;
	text: string;
	qos: 0 | 1 | 2;
}

/**
 * A client as MQTT wants one: what it has not seen acknowledged it says again after each reconnect, under the same identifier,
 * and a QoS 2 message it has it does not take twice. It answers when told to, so that a test can cut it off in between.
 */
export class FaithfulClient {
	readonly heard: Heard[] = [];
	readonly acknowledged: string[] = [];
	/** Outgoing, by packet identifier, in the order of publishing. */
	readonly sent = new Map<number, Sent>();
	readonly #clientId: string;
	readonly #version: 4 | 5;
	readonly #incoming = new Set<number>();
	#line: RawClient | undefined;
	#looked = 0;
	#answers: Packet[] = [];
	#lastId = 0;

	constructor(clientId: string, version: 4 | 5) {
		this.#clientId = clientId;
		this.#version = version;
	}

	get isConnected(): boolean {
		return this.#line !== undefined && !this.#line.closed;
	}

	async open(port: number): Promise<void> {
		this.#line?.end();
		this.#answers = [];
		this.#looked = 1;
		this.#line = await RawClient.open(port, {
			clientId: this.#clientId,
			version: this.#version,
			clean: false,
			...(this.#version === 5 ? { properties: { sessionExpiryInterval: 3600, receiveMaximum: 5 } } : {}),
		});
		for (const [id, { released, ...message }] of this.sent)
			this.#line.send(released ? { cmd: "pubrel", messageId: id } : this.#publish(id, message, true));
	}

	async subscribe(filter: string, qos: 0 | 1 | 2): Promise<void> {
		this.#line?.send({
			cmd: "subscribe",
			messageId: 60_000,
			subscriptions: [{ topic: filter, qos, nl: false, rap: false, rh: 0 }],
		});
		await this.#line?.until(() => this.#line?.received.some(({ cmd }) => cmd === "suback") === true);
	}

	cut(): void {
		this.look();
		this.#line?.end();
		this.#line = undefined;
	}

	publish(topic: string, text: string, qos: 0 | 1 | 2): void {
		if (qos === 0) {
			this.#line?.send({ cmd: "publish", topic, payload: text, qos, dup: false, retain: false });
			return;
		}
		do this.#lastId = (this.#lastId % 50) + 1;
		while (this.sent.has(this.#lastId));
		this.sent.set(this.#lastId, { topic, text, qos, released: false });
		this.#line?.send(this.#publish(this.#lastId, { topic, text, qos }, false));
	}

	#publish(messageId: number, { topic, text, qos }: { topic: string; text: string; qos: 1 | 2 }, dup: boolean): Packet {
		return { cmd: "publish", topic, payload: text, qos, messageId, dup, retain: false };
	}

	/** Takes note of what has come; its answers wait for `answer`. */
	look(): void {
		for (const packet of this.#line?.received.slice(this.#looked) ?? []) {
			this.#looked++;
			this.#take(packet);
		}
	}

	#take(packet: Packet): void {
		const id = packet.messageId ?? 0;
		switch (packet.cmd) {
			case "publish":
				this.#hear(packet, id);
				return;
			case "puback":
				this.#done(id);
				return;
			case "pubrec": {
				const sent = this.sent.get(id);
				if (sent !== undefined) sent.released = true;
				this.#answers.push({ cmd: "pubrel", messageId: id });
				return;
			}
			case "pubcomp":
				this.#done(id);
				return;
			case "pubrel":
				this.#incoming.delete(id);
				this.#answers.push({ cmd: "pubcomp", messageId: id });
		}
	}

	#hear(packet: IPublishPacket, id: number): void {
		const heard = { topic: packet.topic, text: packet.payload.toString(), qos: packet.qos };
		if (packet.qos !== 2 || !this.#incoming.has(id)) this.heard.push(heard);
		if (packet.qos === 2) this.#incoming.add(id);
		if (packet.qos > 0) this.#answers.push({ cmd: packet.qos === 1 ? "puback" : "pubrec", messageId: id });
	}

	#done(id: number): void {
		const sent = this.sent.get(id);
		if (sent === undefined) return;
		this.acknowledged.push(sent.text);
		this.sent.delete(id);
	}

	/** Sends so many of the answers that are due. */
	answer(count = Number.POSITIVE_INFINITY): void {
		this.look();
		for (const packet of this.#answers.splice(0, count)) this.#line?.send(packet);
	}
}
