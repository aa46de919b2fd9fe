import { join } from "node:path";
import {
	asMillwrightError,
	type Envelope,
	type EnvelopeKind,
	encodeEnvelope,
	type NumberRange,
	openEnvelope,
	type SampleBatch,
	SequenceSet,
	type Timer,
} from "@millwright/core";
import type { Figure, Health } from "@millwright/runtime";
import { samples } from "@millwright/sense/api";
import { type GatewayKey, isSignedWith, passwordOf, readKey, signWith, userOf } from "../gateways/keys.ts";
import { AskMessage, jsonBytes, ReceiptMessage, readJson, type StateMessage } from "../gateways/link-messages.ts";
import { countOf, without } from "../gateways/number-ranges.ts";
import { linkTopics } from "../gateways/topics.ts";
import { createAnswers } from "./answers.ts";
import type { UplinkMode, UplinkOptions, UplinkSettings, UplinkState, UplinkStatus, UplinkStep } from "./api-uplink.ts";
import { createRate } from "./budget.ts";
import { createCentreClock } from "./centre-clock.ts";
import { createDictionary } from "./dictionary.ts";
import { createLine } from "./line.ts";
import { type Memory, openMemory } from "./memory.ts";
import { createPump } from "./pump.ts";
import { createReturns } from "./returns.ts";
import { resolveKey } from "./secret.ts";
import { createSummaries } from "./summaries.ts";
import { parcelOf, UpLane } from "./up-lane.ts";

const summaryPrefix = "summary:";
const heartbeatMs = 2000;
/** How often the store is looked at for what nobody sends yet. */
const lookMs = 200;
/** Sent so long ago, while the centre confirms other things: lost on the way. */
const lostAfterMs = 15_000;
const lostAnywayMs = 120_000;
/** Ranges of what waits, told with the heartbeat. */
const toldRanges = 200;
/** A greeting does not name more. */
const mostToldRanges = 2000;

const plainName = (connection: string): string =>
	connection.startsWith(summaryPrefix) ? connection.slice(summaryPrefix.length) : connection;

/** Edge to centre: signed column batches over MQTT 5, store first, live before backlog, forgotten only when the centre's history has them. */
export function createUplink(options: UplinkOptions): UplinkStep {
	const { settings, store, receipts, directory, bus, clock } = options;
	const log = options.log.part("uplink");
	const lanes = new Map<string, UpLane>();
	const dictionary = createDictionary({ directory, facts: (id) => options.facts(id) ?? summaries.facts(id) });
	const centreClock = createCentreClock();
	const rate = createRate({ clock });
	const counts = { bytes: 0, messages: 0, rows: 0, confirmed: 0, resent: 0, refused: 0 };
	const stops: (() => void)[] = [];
	const timers: Timer[] = [];
	const line = createLine({ clock, log, events: { open: opened, closed, message: hear, failed } });
	const pump = createPump({
		clock,
		settings,
		lanes,
		priorityOf: (connection) => about(plainName(connection)).priority,
		isReady: () => isReady,
		send: sendBatches,
		store,
	});
	const summaries = createSummaries({
		store,
		directory,
		widthOf: (connection) => about(connection).window,
		facts: options.facts,
		laneOf: lane,
		pump,
		clock,
		log,
	});
	const answers = createAnswers({ store, laneOf: lane, pump, log });
	const returns = createReturns({
		store,
		laneOf: lane,
		isRaw: (connection) => about(connection).mode === "raw",
		windowFrom: summaries.windowFrom,
		pump,
		clock,
		log,
	});

	let centre: UplinkSettings["centre"] = null;
	let key: GatewayKey | undefined;
	let memory: Memory | undefined;
	let epoch = 0;
	let lineNumber = 0;
	let counter = 0;
	let state: UplinkState = "off";
	let reason: string | undefined;
	let hint: string | undefined;
	let sinceMs = clock.nowMs();
	/** The centre has answered our hello and knows our dictionary: batches may go. */
	let isReady = false;
	/** The ring is not open: there is no line before it is. */
	let isHeldBack = false;
	let isGreeted = false;
	let saidDictionary = 0;
	let heardAtMs = 0;
	let heardBoot = 0;
	let heardCounter = -1;
	let trouble: string | undefined;
	let refusedTags = 0;
	let isSkewed = false;

	function about(connection: string): { priority: number; mode: UplinkMode; window: number } {
		const { connections, priority, mode, window } = settings();
		return { priority, mode, window, ...connections[connection] };
	}

	function lane(connection: string): UpLane {
		let found = lanes.get(connection);
		if (!found) {
			found = new UpLane(connection, { isMadeHere: connection.startsWith(summaryPrefix) });
			lanes.set(connection, found);
		}
		return found;
	}

	function become(next: UplinkState, why?: string, help?: string): void {
		if (next !== state) {
			sinceMs = clock.nowMs();
			log.info("The line to the centre has changed", { state: next, ...(why ? { reason: why } : {}) });
		}
		state = next;
		reason = why;
		hint = help;
	}

	// ---- the line ------------------------------------------------------------------------------------------------

	function begin(): void {
		centre = settings().centre;
		isHeldBack = centre !== null && !store.isOpen();
		if (!centre) {
			become("off");
			return;
		}
		// The centre's numbers can only be compared with those of an open ring: without it nothing was ever given here.
		if (isHeldBack) {
			become("waiting", "The ring is not open yet", "Check the rights and the free space of the data folder.");
			return;
		}
		try {
			key = resolveKey(centre.key, options.environment ?? process.env, readKey);
		} catch (thrown) {
			const error = asMillwrightError(thrown);
			become("refused", error.message, error.hint);
			return;
		}
		const { gateway } = centre;
		const topics = linkTopics(gateway);
		become("connecting");
		line.open(centre, {
			username: userOf(gateway),
			password: passwordOf(gateway, key),
			topics: [topics.receipt, topics.ask],
			will: () => {
				lineNumber++;
				return { topic: topics.state, payload: sign("state", jsonBytes({ gone: true, line: lineNumber })) };
			},
		});
	}

	function opened(): void {
		isReady = false;
		isGreeted = false;
		saidDictionary = 0;
		heardAtMs = clock.monotonicMs();
		centreClock.reset();
		become("connecting", "Waiting for the centre's word", "Is Millwright running there, and its history open?");
		void beat();
	}

	function closed(): void {
		isReady = false;
		isGreeted = false;
		for (const one of lanes.values()) one.reset();
		pump.reset();
		summaries.reset();
		answers.reset();
		returns.reset();
		become("connecting", "The line to the centre is down", "What is read waits here.");
	}

	function failed(why: string, isRefused: boolean): void {
		counts.refused += isRefused ? 1 : 0;
		if (isRefused)
			become("refused", `The centre refuses this gateway: ${why}`, "Is it admitted there, and is this its key of today?");
		else become("connecting", why, "What is read waits here.");
	}

	function sign(kind: EnvelopeKind, body: Parameters<typeof encodeEnvelope>[1]): Uint8Array {
		const signing = key as GatewayKey;
		return encodeEnvelope(
			{
				kind,
				sentAtMs: clock.nowMs(),
				epoch,
				counter: ++counter,
				dictionary: dictionary.version(),
				gateway: (centre as NonNullable<typeof centre>).gateway,
				key: signing.id,
			},
			body,
			signWith(signing),
		);
	}

	function say(
		kind: "batches" | "tags" | "state",
		body: Parameters<typeof encodeEnvelope>[1],
		done?: (error?: Error) => void,
	): number {
		const topics = linkTopics((centre as NonNullable<typeof centre>).gateway);
		const bytes = sign(kind, body);
		const size = bytes.length + 64;
		counts.bytes += size;
		counts.messages++;
		rate.add(size);
		pump.spend(size);
		line.publish(kind === "batches" ? topics.batch : topics[kind], bytes, done);
		return size;
	}

	function sendBatches(entries: Parameters<typeof encodeEnvelope>[1], rows: number, done: (error?: Error) => void): void {
		if (dictionary.version() !== saidDictionary) sayDictionary();
		counts.rows += rows;
		say("batches", entries, done);
	}

	function sayDictionary(): void {
		saidDictionary = dictionary.version();
		for (const part of dictionary.parts()) say("tags", part);
	}

	/** Where we stand, and a question to the centre's clock. */
	async function beat(): Promise<void> {
		if (!line.isOpen || !centre) return;
		const ledgers = await options.ledger().catch(() => ({}) as Awaited<ReturnType<UplinkOptions["ledger"]>>);
		if (!line.isOpen) return;
		const connections: StateMessage["connections"] = {};
		let backlogBytes = 0;
		for (const connection of store.connections()) {
			const { priority, mode } = about(connection);
			const owed = lane(connection).owed(store.unacknowledged(connection, toldRanges));
			const backlogRows = countOf(owed) + lane(connection).liveRows;
			backlogBytes += backlogRows * 12;
			const ledger = ledgers[connection];
			connections[connection] = {
				mode,
				priority,
				through: store.committed(connection),
				backlogRows,
				owed: owed.slice(0, toldRanges).map(({ first, last }) => [first, last]),
				lost: lane(connection)
					.lost.slice(0, toldRanges)
					.map(({ first, last }) => [first, last]),
				...(ledger ? { ledger } : {}),
			};
		}
		const oldest = [...lanes.values()].flatMap(({ backlogAtMs, backlog }) => (backlog.length > 0 ? [backlogAtMs] : []));
		const { offsetMs, roundTripMs } = centreClock;
		const message: StateMessage = {
			hello: !isGreeted,
			gone: false,
			line: lineNumber,
			version: options.version,
			dictionary: dictionary.version(),
			...(offsetMs === undefined ? {} : { offsetMs }),
			...(roundTripMs === undefined ? {} : { roundTripMs }),
			bytesPerSecond: rate.perSecond(),
			budget: settings().budget,
			backlogBytes,
			...(oldest.length > 0 ? { oldestAt: Math.min(...oldest) } : {}),
			connections,
			asked: answers.states(),
		};
		say("state", jsonBytes(message));
	}

	// ---- what the centre says ------------------------------------------------------------------------------------

	function hear(topic: string, payload: Uint8Array): void {
		if (!centre || !key) return;
		const gotMs = clock.nowMs();
		let message: Envelope;
		try {
			message = openEnvelope(payload);
		} catch {
			counts.refused++;
			return;
		}
		const isOurs =
			message.gateway === centre.gateway && message.key === key.id && isSignedWith(key, message.signed, message.signature);
		// A recording of what the centre once said comes from an earlier start of it, or has a number it said already.
		const isNew = message.epoch > heardBoot || (message.epoch === heardBoot && message.counter > heardCounter);
		if (!isOurs || !isNew) {
			counts.refused++;
			return;
		}
		const topics = linkTopics(centre.gateway);
		if (message.kind === "receipt" && topic === topics.receipt) takeReceipt(message, gotMs);
		else if (message.kind === "ask" && topic === topics.ask) takeAsk(message);
		else counts.refused++;
	}

	function takeAsk(message: Envelope): void {
		const ask = readJson(AskMessage, message.body);
		if (!ask || ask.epoch !== epoch) return;
		heard(message);
		answers.ask(ask);
	}

	function heard(message: Envelope): void {
		heardAtMs = clock.monotonicMs();
		heardBoot = message.epoch;
		heardCounter = message.counter;
	}

	function takeReceipt(message: Envelope, gotMs: number): void {
		const receipt = readJson(ReceiptMessage, message.body);
		if (!receipt || receipt.epoch !== epoch || receipt.line !== lineNumber) return;
		const isRestarted = heardBoot !== 0 && message.epoch !== heardBoot;
		heard(message);
		if (isRestarted && !receipt.hello) {
			// It forgot what it had not yet stored.
			closed();
			void beat();
			return;
		}
		trouble = receipt.trouble;
		refusedTags = receipt.refusedTags;
		const { echo } = receipt;
		if (echo) centreClock.answer({ asked: echo.sentAtMs, came: echo.receivedAtMs, left: message.sentAtMs, got: gotMs });
		watchClock();
		for (const [connection, ranges] of Object.entries(receipt.stored)) confirm(connection, ranges, receipt.hello);
		for (const [connection, ranges] of Object.entries(receipt.again)) {
			const wanted = new SequenceSet(ranges.map(([first, last]) => ({ first, last })));
			const overlaps = wanted.ranges();
			counts.resent += lane(connection).giveUp(({ first, last }) =>
				overlaps.some((one) => one.first <= last && one.last >= first),
			);
		}
		if (receipt.hello) {
			isGreeted = true;
			const confirmed = () => store.connections().map((one) => [one, confirmedOf(one)] as const);
			memory?.meet((centre as NonNullable<typeof centre>).gateway, () => Object.fromEntries(confirmed()));
			compare(receipt);
		}
		if (receipt.dictionary !== dictionary.version()) {
			// What went up before it was known there was dropped.
			for (const one of lanes.values()) counts.resent += one.giveUp(() => true);
			sayDictionary();
			isReady = isReady && saidDictionary === receipt.dictionary;
			if (!isReady) void beat();
			return;
		}
		saidDictionary = receipt.dictionary;
		if (isGreeted && !isReady) {
			isReady = true;
			become("connected");
		}
		if (trouble) become("waiting", `The centre takes nothing now: ${trouble}`, "What is read waits here.");
		else if (isReady && state === "waiting") become("connected");
		pump.go();
	}

	function confirm(connection: string, ranges: readonly (readonly [number, number])[], isWhole: boolean): void {
		// A summary stands for the samples it was made of.
		const plain = plainName(connection);
		const highest = ranges.at(-1)?.[1] ?? -1;
		// Told of a folder that never spoke with it, or of numbers that were never given here: they are another ring's.
		if (isWhole && memory && (highest > store.committed(plain) || !memory.isMet)) memory.raiseFloor(plain, highest);
		const one = lane(connection);
		const floor = memory?.floorOf(plain) ?? -1;
		one.floor = floor;
		lane(plain).floor = floor;
		if (isWhole && floor >= 0 && contradiction(plain))
			log.error("Numbers given here are the centre's already, from another ring", { connection: plain, through: floor });
		const stored = new SequenceSet();
		for (const [first, last] of ranges) {
			if (last <= floor) continue;
			const from = Math.max(first, floor + 1);
			stored.add(from, last);
			receipts.acknowledgeRange(plain, from, last);
		}
		const owner = lane(plain);
		if (owner.lost.length > 0) owner.lost = without(owner.lost, stored.ranges());
		if (!isWhole) counts.confirmed += one.confirmed(stored);
	}

	/** What it once confirmed and holds no more: somebody put an older copy of its data in place. */
	function compare({ stored }: ReceiptMessage): void {
		for (const connection of store.connections()) {
			const own = stored[connection] ?? [];
			const summarised = stored[`${summaryPrefix}${connection}`] ?? [];
			const there = new SequenceSet([...own, ...summarised].map(([first, last]) => ({ first, last })));
			const one = lane(connection);
			const through = Math.min(store.committed(connection), toldThrough(own), toldThrough(summarised));
			const confirmed = without(confirmedOf(connection, through), memory?.elsewhereOf(connection) ?? []);
			one.lost = without(confirmed, there.ranges());
			if (one.lost.length > 0) returns.add(connection);
		}
	}

	/** Given here, and safe elsewhere. */
	const confirmedOf = (connection: string, through = store.committed(connection)): NumberRange[] =>
		without([{ first: lane(connection).floor + 1, last: through }], store.unacknowledged(connection));

	/** What lies beyond the last range of a list that was cut off is not known. */
	const toldThrough = (ranges: readonly (readonly [number, number])[]): number =>
		ranges.length < mostToldRanges ? Number.POSITIVE_INFINITY : (ranges.at(-1)?.[1] ?? -1);

	/** Samples here whose numbers the centre has of others. */
	function contradiction(connection: string): string | undefined {
		const floor = memory?.floorOf(connection) ?? -1;
		if (floor < 0) return undefined;
		const lowest = store.unacknowledged(connection, 1)[0]?.first;
		if (store.committed(connection) > floor && (lowest === undefined || lowest > floor)) return undefined;
		return `The centre holds numbers of "${connection}" up to ${floor} from another store than this machine's; what is here under them does not go up`;
	}

	function watchClock(): void {
		const { offsetMs } = centreClock;
		if (offsetMs === undefined) return;
		const now = Math.abs(offsetMs) > settings().skew;
		if (now === isSkewed) return;
		isSkewed = now;
		log.warn(now ? "This machine's clock and the centre's do not agree" : "The clocks agree again", { offsetMs });
	}

	// ---- what goes up --------------------------------------------------------------------------------------------

	function accept(batch: SampleBatch): void {
		if (!isReady || batch.historical || batch.length === 0) return;
		const { mode } = about(batch.connection);
		if (mode !== "raw") return;
		const one = lane(batch.connection);
		if (batch.first <= one.floor) return;
		one.queueLive(parcelOf(batch, "live"));
		pump.arrived();
	}

	/** What the store has and nobody takes care of; what was lost on the way; a line that is dead. */
	function look(): void {
		if (isHeldBack && store.isOpen()) begin();
		if (!line.isOpen) return;
		if (clock.monotonicMs() - heardAtMs > settings().silence) {
			log.warn("Not a word from the centre; the line is made anew", {});
			line.cut();
			return;
		}
		if (!isReady) return;
		const lostBefore = clock.monotonicMs() - (trouble ? lostAnywayMs : lostAfterMs);
		for (const one of lanes.values()) {
			const { oldestSentMs } = one;
			if (oldestSentMs !== undefined && oldestSentMs < lostBefore)
				counts.resent += one.giveUp((_, sentAtMs) => sentAtMs < lostBefore);
		}
		for (const connection of store.connections()) {
			const { mode } = about(connection);
			if (mode === "raw") pump.fetch(lane(connection));
			else summaries.advance(connection);
		}
		answers.advance();
		returns.advance();
		pump.go();
	}

	const health = (): Health => {
		if (state === "off") return { state: "good" };
		const conflict = [...lanes.keys()].map(contradiction).find((why) => why !== undefined);
		if (conflict)
			return {
				state: "failing",
				reason: conflict,
				hint: "Its data folder was replaced by an older or an empty one: raise its numbers above the centre's, or give the gateway a new name.",
			};
		if (state === "refused")
			return { state: "failing", reason: reason ?? "The centre refuses this gateway", ...(hint ? { hint } : {}) };
		if (state !== "connected")
			return { state: "degraded", reason: reason ?? "The line to the centre is down", ...(hint ? { hint } : {}) };
		if (isSkewed)
			return {
				state: "degraded",
				reason: `The centre's clock is ${Math.round(centreClock.offsetMs ?? 0)} ms from this machine's`,
				hint: "Let both follow one time server.",
			};
		if (refusedTags > 0)
			return {
				state: "degraded",
				reason: `The centre refuses ${refusedTags} tags`,
				hint: "See there: millwright namespace gateway",
			};
		return { state: "good" };
	};

	function status(): UplinkStatus {
		let inFlightRows = 0;
		for (const one of lanes.values()) inFlightRows += one.flyingRows;
		const backlogRows = store
			.connections()
			.reduce((sum, connection) => sum + countOf(store.unacknowledged(connection, 1000) as NumberRange[]), 0);
		const { offsetMs, roundTripMs } = centreClock;
		return {
			state,
			...(reason === undefined ? {} : { reason }),
			...(hint === undefined ? {} : { hint }),
			since: sinceMs,
			...(offsetMs === undefined ? {} : { offsetMs }),
			...(roundTripMs === undefined ? {} : { roundTripMs }),
			backlogRows,
			inFlightRows,
			bytesPerSecond: rate.perSecond(),
			sentBytes: counts.bytes,
			sentMessages: counts.messages,
			sentRows: counts.rows,
			confirmedRows: counts.confirmed,
			resentRows: counts.resent,
		};
	}

	async function end(): Promise<void> {
		if (line.isOpen && centre) say("state", jsonBytes({ gone: true, line: lineNumber }));
		isReady = false;
		isHeldBack = false;
		await line.close();
		closed();
		become("off");
	}

	return {
		status,
		async restart() {
			await end();
			begin();
		},
		part: {
			name: "uplink",
			async start() {
				memory = openMemory(join(options.dataFolder, "uplink.json"), clock.nowMs());
				epoch = memory.epoch;
				stops.push(
					bus.receive(samples, "uplink", accept),
					options.onFacts(() => dictionary.changed()),
				);
				timers.push(
					clock.every(heartbeatMs, () => void beat()),
					clock.every(lookMs, look),
				);
				begin();
			},
			async stop() {
				for (const stop of stops.splice(0)) stop();
				for (const timer of timers.splice(0)) timer.cancel();
				await end();
			},
			health,
			figures: (): Figure[] => {
				const now = status();
				const figure = (name: string, help: string, type: "counter" | "gauge", value: number): Figure => ({
					name: `uplink_${name}`,
					help,
					type,
					value,
				});
				return [
					figure("connected", "1 while the centre takes what is sent", "gauge", now.state === "connected" ? 1 : 0),
					figure("sent_bytes_total", "Bytes sent to the centre", "counter", now.sentBytes),
					figure("sent_messages_total", "Messages sent to the centre", "counter", now.sentMessages),
					figure("sent_rows_total", "Samples sent to the centre", "counter", now.sentRows),
					figure("confirmed_rows_total", "Samples the centre's history holds for good", "counter", now.confirmedRows),
					figure("resent_rows_total", "Samples given up as lost on the way and sent again", "counter", now.resentRows),
					figure("refused_total", "Messages in the centre's name that were refused", "counter", counts.refused),
					figure("backlog_rows", "Samples the centre has not confirmed", "gauge", now.backlogRows),
					figure("in_flight_rows", "Samples on their way", "gauge", now.inFlightRows),
				];
			},
		},
	};
}
