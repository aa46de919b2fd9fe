import {
	asMillwrightError,
	type Broker,
	type BrokerAuthenticator,
	type Bus,
	type Clock,
	type Envelope,
	encodeEnvelope,
	type IncomingMessage,
	type Log,
	type NumberRange,
	openEnvelope,
	type TagDirectory,
	type Timer,
} from "@millwright/core";
import type { Figure, Health, Part } from "@millwright/runtime";
import { type ConnectionStatus, type Ledger, samples, type TagFacts } from "@millwright/sense/api";
import { type GatewaySettings, gatewayChanged, gatewayRefused, gatewaySkewed } from "../api-gateways.ts";
import { createAsking } from "./asking.ts";
import { GatewayLine } from "./gateway-line.ts";
import { createHandOn } from "./hand-on.ts";
import { isPasswordOf, isSignedWith, keyIdOfPassword, signWith, userOf } from "./keys.ts";
import { jsonBytes, type ReceiptMessage } from "./link-messages.ts";
import { createRegistry } from "./registry.ts";
import { createGatewayService, type GatewayService } from "./service.ts";
import { gatewayOfTopic, isGatewayConnection, linkRoot, linkTopics, splitConnection } from "./topics.ts";

const topicOf = { batches: "batch", tags: "tags", state: "state", receipt: "receipt", ask: "ask" } as const;
const tickMs = 1000;
/** How long a new session waits for what an earlier one brought. */
const longestSettleMs = 5000;
/** Refusals told as events a second; all are counted. */
const toldPerSecond = 20;

export interface GatewaysOptions {
	broker: Broker;
	directory: TagDirectory;
	bus: Bus;
	clock: Clock;
	log: Log;
	settings: () => GatewaySettings;
	/** A folder of its own. */
	folder: string;
	history: {
		/** Is it known what is stored? */
		isOpen(): boolean;
		/** Why it takes nothing now; undefined while it does. */
		trouble(): string | undefined;
		/** Every connection that has stored anything. */
		connections(): readonly string[];
		storedRanges(connection: string): readonly NumberRange[];
		received(connection: string): number;
		stored(connection: string): number;
		duplicate(connection: string): number;
	};
	/** Who of this process owns a tag, a connection or the twin; undefined for nobody. */
	ownerOf(tag: string): string | undefined;
	/** A message that was refused, for the dead letters. */
	deadLetter(
		message: { topic: string; payload: Uint8Array; client: { id: string; principal: string } },
		code: string,
		reason: string,
	): void;
	/** Tags came, went or changed their facts. */
	tagsChanged(): void;
	/** Ends the connections of a principal whose rights ended. */
	hangUp(principal: string): void;
}

export interface Gateways {
	service: GatewayService;
	part: Part;
	/** Lets gateways in by their keys, everybody else as before. */
	authenticator(others: BrokerAuthenticator): BrokerAuthenticator;
	/** The history has these numbers of a gateway's connection for good. */
	stored(connection: string, first: number, last: number): void;
	/** The history let go of a connection's samples from a number on: the gateway sends them again. */
	requestReplay(connection: string, from: number): undefined;
	facts(tagId: number): TagFacts | undefined;
	/** As sense has them of its own, for lists that show all. */
	statuses(): ConnectionStatus[];
	ledgers(): Record<string, Ledger>;
}

/** The centre's side of the line to its gateways: lets in, verifies, puts in order, hands on, confirms what is durable. */
export function createGateways(options: GatewaysOptions): Gateways {
	const { broker, bus, clock, directory, settings, history } = options;
	const log = options.log.part("gateways");
	const registry = createRegistry({ folder: options.folder, clock, log });
	const lines = new Map<string, GatewayLine>();
	const dirty = new Set<GatewayLine>();
	const handOn = createHandOn({ send: (batch) => bus.send(samples, batch) });
	const asking = createAsking({ clock, send: sendAsk });
	const stops: (() => void)[] = [];
	const timers: Timer[] = [];
	let due: Timer | undefined;
	let boot = 0;
	let counter = 0;
	let isRunning = false;
	const told = { second: 0, count: 0 };
	const counts = { messages: 0, bytes: 0, refused: 0 };

	function makeLine(gateway: string): GatewayLine {
		const line = new GatewayLine({
			gateway,
			registry,
			directory,
			clock,
			settings,
			ownerOf: (tag) => ownerOf(tag, gateway),
			storedRanges: history.storedRanges,
			handOn: handOn.add,
			tagsChanged: options.tagsChanged,
			refused: (code, reason) => tellRefused(gateway, code, reason, "gateway"),
		});
		lines.set(gateway, line);
		return line;
	}

	function ownerOf(tag: string, gateway: string): string | undefined {
		const local = options.ownerOf(tag);
		if (local !== undefined) return local;
		const id = directory.idOf(tag);
		if (id === undefined) return undefined;
		for (const line of lines.values())
			if (line.gateway !== gateway && line.tags.facts(id) !== undefined) return `gateway ${line.gateway}`;
		return undefined;
	}

	function tellRefused(gateway: string, code: string, reason: string, client: string): void {
		counts.refused++;
		const at = clock.nowMs();
		const second = Math.floor(at / 1000);
		if (second !== told.second) {
			told.second = second;
			told.count = 0;
		}
		if (++told.count > toldPerSecond) return;
		log.warn("A gateway's message was refused", { gateway, code, reason, client });
		bus.emit(gatewayRefused, { gateway: gateway.slice(0, 64), code, reason, client, at });
	}

	/** Whose message it is, and that it is theirs; or why not. */
	function judge({ topic, payload }: IncomingMessage, gateway: string): Envelope | { code: string; reason: string } {
		const envelope = openEnvelope(payload);
		if (envelope.gateway !== gateway) return { code: "namespace.gateway-foreign", reason: "It is signed for another gateway" };
		const key = registry.keyOf(gateway, envelope.key);
		if (!key) return { code: "namespace.gateway-key", reason: "Its key does not open here" };
		if (!isSignedWith(key, envelope.signed, envelope.signature))
			return { code: "namespace.gateway-signature", reason: "Its signature does not fit" };
		if (topic !== linkTopics(gateway)[topicOf[envelope.kind]])
			return { code: "namespace.gateway-topic", reason: "It came on a topic that is not its own" };
		return envelope;
	}

	/** Verified here and now, since the payload is only a view; what it holds goes on after the sockets' turn. */
	function hear(message: IncomingMessage): void {
		const gateway = gatewayOfTopic(message.topic);
		const client = message.client ?? { id: "the broker", principal: "unknown" };
		const { payload } = message;
		// A retained state that was cleared.
		if (payload.length === 0) return;
		counts.messages++;
		counts.bytes += payload.length;
		function refuse(code: string, reason: string, of: "malformed" | "forged"): void {
			const line = lines.get(gateway);
			if (line) line.refusals[of]++;
			options.deadLetter({ topic: message.topic, payload, client }, code, reason);
			tellRefused(gateway, code, reason, client.id);
		}
		try {
			const judged = judge(message, gateway);
			if ("code" in judged) refuse(judged.code, judged.reason, "forged");
			// Until the history is open nobody knows what it holds; the gateway keeps everything and tries again.
			else if (history.isOpen()) take(judged, lines.get(gateway) ?? makeLine(gateway));
		} catch (thrown) {
			const error = asMillwrightError(thrown);
			if (error.kind !== "input") log.error("A gateway's message could not be taken", { gateway, reason: error.stack });
			refuse(error.code, error.message, "malformed");
		}
	}

	function take(envelope: Envelope, line: GatewayLine): void {
		const before = stateOf(line);
		line.take(envelope, clock.nowMs());
		if (envelope.kind !== "batches") mark(line);
		if (envelope.kind === "state" && line.state) asking.heard(line.gateway, line.state.asked, line.owesHello);
		if (stateOf(line) !== before) changed(line);
	}

	function stateOf(line: GatewayLine): "connected" | "away" {
		return line.isConnected ? "connected" : "away";
	}

	function changed(line: GatewayLine, reason?: string): void {
		const state = stateOf(line);
		log.info("A gateway's line has changed", { gateway: line.gateway, state, ...(reason ? { reason } : {}) });
		bus.emit(gatewayChanged, { gateway: line.gateway, state, ...(reason ? { reason } : {}), at: clock.nowMs() });
	}

	function mark(line: GatewayLine): void {
		dirty.add(line);
		if (isRunning) due ??= clock.after(settings().receiptMs, sendReceipts);
	}

	function sendReceipts(): void {
		due = undefined;
		const marked = [...dirty];
		dirty.clear();
		const nowMs = clock.nowMs();
		for (const line of marked) {
			// A new session begins with everything that is stored, so what is on its way there is waited for, though not for ever.
			const isUnsettled = line.owesHello && [...line.lanes.values()].some((lane) => lane.isUnderWay);
			if (isUnsettled && nowMs - line.helloAtMs < longestSettleMs) mark(line);
			else sendReceipt(line);
		}
	}

	function sendReceipt(line: GatewayLine): void {
		const { owesHello, echo } = line;
		if (owesHello) for (const connection of knownOf(line.gateway)) line.lane(connection);
		const receipt: ReceiptMessage = {
			epoch: line.epoch,
			line: line.line,
			boot,
			...(echo === undefined ? {} : { echo }),
			hello: owesHello,
			stored: {},
			again: {},
			dictionary: line.tags.version,
			refusedTags: line.tags.refused.length,
			...troubleOf(),
		};
		for (const lane of line.lanes.values()) {
			const stored = lane.untold();
			if (owesHello)
				receipt.stored[lane.connection] = lane
					.storedRanges()
					.slice(0, 2000)
					.map(({ first, last }) => [first, last]);
			else if (stored.length > 0) receipt.stored[lane.connection] = stored.slice(0, 2000);
			if (lane.again.length > 0) {
				receipt.again[lane.connection] = lane.again.slice(0, 2000).map(({ first, last }) => [first, last]);
				lane.again = [];
			}
		}
		line.owesHello = false;
		line.echo = undefined;
		say(line.gateway, "receipt", receipt);
	}

	/** Connections of a gateway that the history knows, from whatever run. */
	const knownOf = (gateway: string): string[] =>
		history
			.connections()
			.filter((known) => known.startsWith(`${gateway}/`) && history.storedRanges(known).length > 0)
			.map((known) => splitConnection(known).connection);

	const troubleOf = (): { trouble?: string } => {
		const trouble = history.trouble();
		return trouble === undefined ? {} : { trouble };
	};

	function say(gateway: string, kind: "receipt" | "ask", body: unknown): void {
		const key = registry.newestKey(gateway);
		if (!key) return;
		const line = lines.get(gateway);
		const bytes = encodeEnvelope(
			{
				kind,
				sentAtMs: clock.nowMs(),
				epoch: boot,
				counter: ++counter,
				dictionary: line?.tags.version ?? 0,
				gateway,
				key: key.id,
			},
			jsonBytes(body),
			signWith(key),
		);
		broker.publish({ topic: linkTopics(gateway)[kind], payload: bytes, qos: 1 });
	}

	function sendAsk(gateway: string, ask: { ask: string; connections: string[]; from: number; until: number }): boolean {
		const line = lines.get(gateway);
		if (!line?.isConnected) return false;
		say(gateway, "ask", { epoch: line.epoch, ...ask });
		return true;
	}

	function tick(): void {
		const nowMs = clock.nowMs();
		const { silenceMs, skewMs } = settings();
		for (const line of lines.values()) {
			line.releaseLate(nowMs);
			if ([...line.lanes.values()].some(({ again }) => again.length > 0)) mark(line);
			if (line.isConnected && nowMs - (line.lastSeenAt ?? 0) > silenceMs) {
				line.isConnected = false;
				changed(line, "It has said nothing for too long");
			}
			const { offsetMs } = line.clock;
			if (!line.isConnected || offsetMs === undefined) continue;
			const isSkewed = Math.abs(offsetMs) > skewMs;
			if (isSkewed === line.isSkewed) continue;
			line.isSkewed = isSkewed;
			log.warn(isSkewed ? "A gateway's clock is wrong" : "A gateway's clock is right again", { gateway: line.gateway, offsetMs });
			bus.emit(gatewaySkewed, { gateway: line.gateway, offsetMs, skewed: isSkewed, at: nowMs });
		}
	}

	function forget(gateway: string): void {
		options.hangUp(userOf(gateway));
		const line = lines.get(gateway);
		if (!line) return;
		line.isConnected = false;
		changed(line, "It was shut out");
	}

	const { service, statuses, ledgers } = createGatewayService({
		registry,
		lines,
		asking,
		clock,
		history,
		directory,
		admitted: (gateway) => {
			const line = lines.get(gateway) ?? makeLine(gateway);
			line.epoch = 0;
			options.hangUp(userOf(gateway));
		},
		forget,
	});

	const part: Part = {
		name: "gateways",
		async start() {
			boot = Math.max(boot + 1, clock.nowMs());
			await registry.load();
			for (const { gateway } of registry.all()) await makeLine(gateway).restore();
			options.tagsChanged();
			isRunning = true;
			for (const topic of ["batch", "tags", "state"] as const)
				stops.push(broker.subscribe(`${linkRoot}/+/${topic}`, "gateways", hear));
			timers.push(clock.every(tickMs, tick));
		},
		async stop() {
			isRunning = false;
			for (const stop of stops.splice(0)) stop();
			for (const timer of timers.splice(0)) timer.cancel();
			due?.cancel();
			due = undefined;
			handOn.flush();
			await registry.settled();
		},
		health(): Health {
			const skewed = [...lines.values()].filter((line) => line.isConnected && line.isSkewed);
			const away = registry.all().filter((one) => {
				const line = lines.get(one.gateway);
				return one.revokedAt === undefined && line?.lastSeenAt !== undefined && !line.isConnected;
			});
			if (skewed.length > 0)
				return {
					state: "degraded",
					reason: `Clocks are wrong: ${skewed.map((line) => `${line.gateway} by ${Math.round(line.clock.offsetMs ?? 0)} ms`).join(", ")}`,
					hint: "Let the gateways and the centre follow one time server.",
				};
			if (away.length > 0)
				return {
					state: "degraded",
					reason: `Away: ${away.map(({ gateway }) => gateway).join(", ")}`,
					hint: "What they read waits in them. Check their power and line.",
				};
			return { state: "good" };
		},
		figures: (): Figure[] => [
			{ name: "gateways_messages_total", help: "Messages of gateways", type: "counter", value: counts.messages },
			{ name: "gateways_bytes_total", help: "Bytes of gateways' messages", type: "counter", value: counts.bytes },
			{ name: "gateways_refused_total", help: "Messages refused in gateways' names", type: "counter", value: counts.refused },
			...[...lines.values()].flatMap((line): Figure[] => [
				{
					name: "gateway_values_total",
					help: "Values a gateway sent",
					type: "counter",
					value: line.received,
					labels: { gateway: line.gateway },
				},
				{
					name: "gateway_connected",
					help: "1 while its line stands",
					type: "gauge",
					value: line.isConnected ? 1 : 0,
					labels: { gateway: line.gateway },
				},
			]),
		],
		copyTo: (folder) => registry.copyTo(folder),
	};

	return {
		service,
		part,
		statuses,
		ledgers,
		authenticator: (others) => async (who) => {
			const { username, password } = who;
			if (!username?.startsWith("gateway:")) return others(who);
			const gateway = username.slice("gateway:".length);
			const shown = Buffer.from(password ?? []).toString();
			const isLiving = (): boolean => {
				const key = registry.keyOf(gateway, keyIdOfPassword(shown));
				return key !== undefined && isPasswordOf(shown, gateway, key);
			};
			if (!isLiving()) return undefined;
			const topics = linkTopics(gateway);
			const up = new Set<string>([topics.batch, topics.tags, topics.state]);
			const down = new Set<string>([topics.receipt, topics.ask]);
			return {
				principal: userOf(gateway),
				mayPublish: (topic) => up.has(topic) && isLiving(),
				maySubscribe: (filter) => down.has(filter) && isLiving(),
				mayReceive: (topic) => down.has(topic) && isLiving(),
			};
		},
		stored(connection, first, last) {
			if (!isGatewayConnection(connection)) return;
			const { gateway, connection: own } = splitConnection(connection);
			const line = lines.get(gateway);
			if (!line) return;
			line.lane(own).stored(first, last);
			mark(line);
		},
		requestReplay(connection, from) {
			const { gateway, connection: own } = splitConnection(connection);
			const line = lines.get(gateway);
			if (!line) return undefined;
			line.lane(own).takeBack(from);
			mark(line);
			return undefined;
		},
		facts(id) {
			for (const line of lines.values()) {
				const facts = line.tags.facts(id);
				if (facts) return facts;
			}
			return undefined;
		},
	};
}
