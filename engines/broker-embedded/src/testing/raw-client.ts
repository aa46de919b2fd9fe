import { connect, type Socket } from "node:net";
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";

/** A client that speaks packets, so that a test says exactly what goes over the wire and sees exactly what comes back. */
export class RawClient {
	readonly socket: Socket;
	readonly received: Packet[] = [];
	readonly version: 3 | 4 | 5;
	closed = false;
	#changed: (() => void)[] = [];
	#taken = 0;

	private constructor(socket: Socket, version: 3 | 4 | 5) {
		this.socket = socket;
		this.version = version;
		const incoming = parser({ protocolVersion: version });
		incoming.on("packet", (packet) => {
			this.received.push(packet);
			this.#wake();
		});
		incoming.on("error", (error) => socket.destroy(error));
		socket.on("data", (chunk) => incoming.parse(chunk as Buffer));
		socket.on("error", () => {});
		socket.on("close", () => {
			this.closed = true;
			this.#wake();
		});
	}

	static async dial(port: number, version: 3 | 4 | 5 = 5): Promise<RawClient> {
		const socket = connect({ port, host: "127.0.0.1", noDelay: true });
		const client = new RawClient(socket, version);
		await new Promise<void>((resolve, reject) => {
			socket.once("connect", resolve);
			socket.once("error", reject);
		});
		return client;
	}

	/** Dials and says CONNECT; the CONNACK is the first packet received and already taken. */
	static async open(port: number, options: Partial<IConnectPacket> & { version?: 3 | 4 | 5 } = {}): Promise<RawClient> {
		const { version = 5, ...connectWith } = options;
		const client = await RawClient.dial(port, version);
		client.send({
			cmd: "connect",
			clientId: `raw-${port}-${++serial}`,
			clean: true,
			keepalive: 60,
			protocolVersion: version,
			...connectWith,
		});
		const answer = await client.next();
		if (answer?.cmd !== "connack") throw new Error(`CONNACK expected, got ${answer?.cmd}`);
		return client;
	}

	send(packet: Packet): void {
		this.socket.write(generate(packet, { protocolVersion: this.version }));
	}

	bytes(bytes: Uint8Array): void {
		this.socket.write(bytes);
	}

	/** The next packet in order; undefined when the connection closes first. */
	async next(): Promise<Packet | undefined> {
		await this.until(() => this.received.length > this.#taken || this.closed);
		return this.received[this.#taken] === undefined ? undefined : this.received[this.#taken++];
	}

	/** Everything that came before the broker answered a ping: what it had to say it has said. */
	async settled(): Promise<Packet[]> {
		this.send({ cmd: "pingreq" });
		const packets: Packet[] = [];
		for (;;) {
			const packet = await this.next();
			if (packet === undefined || packet.cmd === "pingresp") return packets;
			packets.push(packet);
		}
	}

	async subscribe(
		filter: string,
		qos: 0 | 1 | 2 = 0,
		options: { nl?: boolean; rap?: boolean; rh?: 0 | 1 | 2; id?: number } = {},
	): Promise<void> {
		const { id, nl, rap, rh } = options;
		this.send({
			cmd: "subscribe",
			messageId: 7,
			subscriptions: [{ topic: filter, qos, nl: nl ?? false, rap: rap ?? false, rh: rh ?? 0 }],
			...(id === undefined ? {} : { properties: { subscriptionIdentifier: id } }),
		});
		const answer = await this.next();
		if (answer?.cmd !== "suback") throw new Error(`SUBACK expected, got ${answer?.cmd}`);
	}

	async untilClosed(): Promise<void> {
		await this.until(() => this.closed);
	}

	async until(fact: () => boolean): Promise<void> {
		while (!fact()) await new Promise<void>((resolve) => this.#changed.push(resolve));
	}

	end(): void {
		this.socket.destroy();
	}

	#wake(): void {
		for (const resolve of this.#changed.splice(0)) resolve();
	}
}

let serial = 0;

export const textOf = (packet: Packet | undefined): string =>
	packet?.cmd === "publish" ? packet.payload.toString() : `(${packet?.cmd ?? "closed"})`;
