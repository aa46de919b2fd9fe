import { Role } from "@millwright/core";
import * as z from "zod";

const file = z.string().min(1);

/** PEM files; read again within half a minute of being replaced, without a restart. */
const MqttTls = z
	.strictObject({
		certFile: file,
		keyFile: file,
		/** Who signs client certificates; with it clients may show one, and one that does not verify is turned away. */
		caFile: file.optional(),
		/** Nobody comes in without a client certificate. */
		requireClientCertificate: z.boolean().default(false),
		/** Client certificates that were withdrawn. The list must be in date, or nobody's certificate verifies. */
		crlFile: file.optional(),
	})
	.superRefine((tls, context) => {
		if (tls.caFile !== undefined) return;
		for (const key of ["requireClientCertificate", "crlFile"] as const)
			if (tls[key])
				context.addIssue({
					code: "custom",
					path: [key],
					message: `${key} needs caFile: the authority that signs client certificates`,
				});
	});

export const MqttPolicy = z.strictObject({
	/** All that are given must match; none at all matches everybody. */
	match: z.strictObject({
		/** Id of a key. */
		principal: z.string().min(1).optional(),
		/** `*` stands for any characters. */
		clientId: z.string().min(1).max(200).optional(),
		/** Of the key. */
		role: Role.optional(),
	}),
	/** A client over its rate is read more slowly; nothing is lost. */
	maxMessagesPerSecond: z.number().positive().optional(),
	maxBytesPerSecond: z.number().positive().optional(),
	/** At once, of one principal. */
	maxConnections: z.int().min(1).optional(),
	maxSubscriptions: z.int().min(0).max(10_000).optional(),
	/** Messages of QoS 1 and 2 under way to the client. */
	maxInflight: z.int().min(1).max(1024).optional(),
	queueBytes: z.int().min(65_536).optional(),
	queueMessages: z.int().min(1).optional(),
	/** Not above that of everybody. */
	maxPacketBytes: z.int().min(1024).optional(),
	/**
	 * When the queue is full. Left out: QoS 0 drops the newest, QoS 1 and 2 end the connection. `drop-oldest` and `drop-newest`
	 * keep the connection (QoS 0 always drops the newest); `disconnect` ends it at any QoS.
	 */
	onSlow: z.enum(["drop-oldest", "drop-newest", "disconnect"]).optional(),
});
export type MqttPolicy = z.output<typeof MqttPolicy>;

const loopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127\./.test(host);

export const MqttSettings = z
	.strictObject({
		/** Where MQTT listens; null for nowhere. */
		listen: z
			.strictObject({ host: z.string().default("127.0.0.1"), port: z.int().min(0).max(65535).default(1883) })
			.nullable()
			.prefault({}),
		tls: MqttTls.optional(),
		/** Other machines may reach MQTT without TLS: keys and values travel openly. */
		withoutTls: z.boolean().default(false),
		/** MQTT over WebSocket on the HTTP server's /mqtt. */
		webSocket: z.boolean().default(true),
		maxPacketBytes: z.int().min(1024).max(268_435_455).default(1_048_576),
		maxClients: z.int().min(1).default(10_000),
		/** Connections at once from one address. */
		maxConnectionsPerAddress: z.int().min(1).default(2000),
		/** Newcomers let in a second, so that a storm of reconnects does not hold up live traffic; the others wait in order. */
		connectionsPerSecond: z.int().min(1).default(500),
		/** Unsent output a client may pile up; QoS 0 is dropped beyond it, and counted. */
		queueBytes: z.int().min(65_536).default(4_194_304),
		/** Unacknowledged and waiting QoS 1 messages a client may pile up before it is disconnected. */
		queueMessages: z.int().min(10).default(10_000),
		maxRetained: z.int().min(100).default(500_000),
		keepAliveMaxSeconds: z.int().min(10).max(65_535).default(600),
		/** Limits for some clients; the first that matches holds alone. */
		policies: z.array(MqttPolicy).max(200).default([]),
	})
	.superRefine(({ listen, tls, withoutTls }, context) => {
		if (listen === null || tls !== undefined || withoutTls || loopback(listen.host)) return;
		context.addIssue({
			code: "custom",
			path: ["listen", "host"],
			message: `Keys and values would travel openly: ${listen.host} needs tls, or withoutTls: true where the network is trusted`,
		});
	});
