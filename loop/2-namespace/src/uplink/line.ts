import { readFileSync } from "node:fs";
import type { Clock, Log, Timer } from "@millwright/core";
import { createBackoff } from "@millwright/runtime";
import type { IClientOptions, MqttClient } from "mqtt";
import type { UplinkSettings } from "./api-uplink.ts";

type Centre = NonNullable<UplinkSettings["centre"]>;

export interface LineEvents {
	/** The line stands and is subscribed. */
	open(): void;
	/** It does not any more. */
	closed(): void;
	message(topic: string, payload: Uint8Array): void;
	/** It cannot be made: why, and whether the centre itself said no. */
	failed(reason: string, isRefused: boolean): void;
}

const connectTimeoutMs = 10_000;

/** One MQTT 5 connection to the centre's broker, made again with patience whenever it breaks. */
export function createLine({ clock, log, events }: { clock: Clock; log: Log; events: LineEvents }) {
	const backoff = createBackoff({ first: 250, longest: 15_000 });
	let client: MqttClient | undefined;
	let retry: Timer | undefined;
	let isWanted = false;
	let isOpen = false;
	let attempt = 0;

	function lost(from: MqttClient | undefined): void {
		if (from !== client) return;
		client = undefined;
		if (isOpen) {
			isOpen = false;
			events.closed();
		}
		if (isWanted) retry ??= clock.after(backoff.next(), again);
	}

	let again: () => void = () => {};

	async function dial(
		centre: Centre,
		about: { username: string; password: string; topics: string[]; will: () => { topic: string; payload: Uint8Array } },
	): Promise<void> {
		retry = undefined;
		const mine = ++attempt;
		try {
			const { connect } = await import("mqtt");
			if (!isWanted || mine !== attempt) return;
			const { topic, payload } = about.will();
			const options: IClientOptions = {
				protocolVersion: 5,
				clientId: about.username,
				username: about.username,
				password: about.password,
				clean: true,
				reconnectPeriod: 0,
				connectTimeout: connectTimeoutMs,
				keepalive: Math.max(1, Math.round(centre.keepAlive / 1000)),
				will: { topic, payload: Buffer.from(payload), qos: 0, retain: false },
				...tlsOf(centre),
			};
			const made = connect(centre.url, options);
			client = made;
			made.on("connect", () => {
				made.subscribe(about.topics, { qos: 1 }, (error, granted) => {
					if (made !== client) return;
					const denied = granted?.some(({ qos }) => (qos as number) >= 0x80);
					if (error || denied) {
						events.failed(error?.message ?? "The centre's broker refuses the gateway's topics", denied === true);
						made.end(true);
						return;
					}
					backoff.reset();
					isOpen = true;
					events.open();
				});
			});
			made.on("message", (from, bytes) => {
				if (made === client) events.message(from, bytes);
			});
			made.on("error", (error) => {
				const code = (error as { code?: unknown }).code;
				events.failed(error.message || String(code), code === 134 || code === 135);
			});
			made.on("disconnect", (packet) => log.info("The centre's broker hung up", { reason: packet.reasonCode }));
			made.on("close", () => {
				made.removeAllListeners("message");
				made.end(true);
				lost(made);
			});
		} catch (thrown) {
			events.failed(thrown instanceof Error ? thrown.message : String(thrown), false);
			if (isWanted) retry = clock.after(backoff.next(), again);
		}
	}

	return {
		open(centre: Centre, about: Parameters<typeof dial>[1]): void {
			isWanted = true;
			again = () => void dial(centre, about);
			again();
		},
		get isOpen(): boolean {
			return isOpen;
		},
		/** `done` hears when the broker has it, or that it has not. */
		publish(topic: string, payload: Uint8Array, done: (error?: Error) => void = () => {}): void {
			if (!client || !isOpen) setImmediate(done, new Error("the line is down"));
			else
				client.publish(topic, Buffer.from(payload.buffer, payload.byteOffset, payload.length), { qos: 1 }, (error) =>
					done(error ?? undefined),
				);
		},
		/** Half-open or mute: cut it, and try again. */
		cut(): void {
			const dead = client;
			if (!dead) return;
			dead.end(true);
			dead.stream.destroy();
			lost(dead);
		},
		async close(): Promise<void> {
			isWanted = false;
			attempt++;
			retry?.cancel();
			retry = undefined;
			const last = client;
			client = undefined;
			isOpen = false;
			if (last) await new Promise<void>((resolve) => last.end(false, {}, () => resolve()));
		},
	};
}

function tlsOf({ tls }: Centre): Partial<IClientOptions> {
	if (!tls) return {};
	return {
		...(tls.caFile ? { ca: readFileSync(tls.caFile) } : {}),
		...(tls.certFile ? { cert: readFileSync(tls.certFile) } : {}),
		...(tls.keyFile ? { key: readFileSync(tls.keyFile) } : {}),
		...(tls.serverName ? { servername: tls.serverName } : {}),
		rejectUnauthorized: true,
	};
}
