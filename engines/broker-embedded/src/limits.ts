export interface BrokerLimits {
	/** Largest packet either way. */
	maxPacketBytes: number;
	maxClients: number;
	/** Unsent output of one client; QoS 0 beyond it is dropped and counted. */
	queueBytes: number;
	/** QoS 1 messages waiting for one client; beyond it the client is disconnected (0x97), or, while away, the newest dropped. */
	queueMessages: number;
	/** Retained topics. */
	maxRetained: number;
	/** Longest keep alive; MQTT 5 clients that ask for more, or none, are told this one. */
	keepAliveMaxSeconds: number;
	/** Connections at once from one address. */
	maxConnectionsPerAddress: number;
	/** Newcomers let in a second; a tenth of it at once, the others wait in order. */
	connectionsPerSecond: number;
}

export const defaultLimits: BrokerLimits = {
	maxPacketBytes: 1_048_576,
	maxClients: 10_000,
	queueBytes: 4_194_304,
	queueMessages: 10_000,
	maxRetained: 500_000,
	keepAliveMaxSeconds: 600,
	maxConnectionsPerAddress: 2000,
	connectionsPerSecond: 500,
};

/** Bounds that nobody needs to turn. */
export const fixedLimits = {
	/** Until somebody is known: a CONNECT with a will. */
	connectBytes: 262_144,
	connectSeconds: 10,
	/** A packet begun must be whole by then. */
	packetSeconds: 60,
	topicLevels: 200,
	clientIdLength: 1024,
	subscriptions: 10_000,
	topicAliases: 32,
	/** Messages of QoS 1 and 2 under way to one client, whatever it allows. */
	inflight: 1024,
	/** Messages of QoS 1 and 2 of one client that are not acknowledged; MQTT 5 clients are told. */
	receiving: 2048,
	/** An answer that waits longer for a disk will not come. */
	answerSeconds: 60,
	/** Bytes of waiting QoS 1 messages, as a multiple of queueBytes. */
	waitingFactor: 4,
	/** Answers a client may let pile up before it is no longer read from. */
	controlBytes: 262_144,
	/** Bytes read from one client before the others have their turn. */
	readPerTurn: 262_144,
	/** Payload bytes retained for clients; the process's own are made on demand. */
	retainedBytes: 268_435_456,
	/** Bytes of half-sent packets over all clients. */
	partialBytes: 268_435_456,
	/** Routes remembered for topics that retain nothing. */
	rememberedTopics: 100_000,
	rememberedTargets: 2_000_000,
	lingerMs: 2000,
} as const;
