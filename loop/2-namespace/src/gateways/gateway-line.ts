import { isDeepStrictEqual } from "node:util";
import { inflateSync } from "node:zlib";
import {
	type Clock,
	decodeBatch,
	type Envelope,
	type EnvelopeEntry,
	isGood,
	MillwrightError,
	type NumberRange,
	openEntries,
	Quality,
	type SampleBatch,
	type TagDirectory,
} from "@millwright/core";
import type { GatewaySettings } from "../api-gateways.ts";
import { createGatewayClock } from "./gateway-clock.ts";
import { IntakeLane, sliceOf } from "./intake-lane.ts";
import { type ReceiptMessage, readJson, StateMessage, TagsMessage, type WireTag } from "./link-messages.ts";
import type { Registry } from "./registry.ts";
import { foreignTag, TagMap, unknownTag } from "./tag-map.ts";
import { knownConnection } from "./topics.ts";

const mostConnections = 5000;
const largestTags = 64 * 1024 * 1024;
/** At the gateway: a connection's name, a summary's before it. */
const connectionPattern = /^(summary:)?[a-z0-9][a-z0-9-]{0,62}$/;

export interface LineTools {
	gateway: string;
	registry: Registry;
	directory: TagDirectory;
	clock: Clock;
	settings: () => GatewaySettings;
	ownerOf(tag: string): string | undefined;
	storedRanges(connection: string): readonly NumberRange[];
	/** New, in order, tags mapped; onto the bus soon. */
	handOn(batch: SampleBatch): void;
	/** The tags have changed: classes and topics are to be asked again. */
	tagsChanged(): void;
	/** Refused: counted, and told to people. */
	refused(code: string, reason: string): void;
}

/** Everything the centre knows of one gateway while it runs. */
export class GatewayLine {
	readonly gateway: string;
	readonly tags = new TagMap();
	readonly lanes = new Map<string, IntakeLane>();
	readonly clock = createGatewayClock();
	readonly refusals = { malformed: 0, forged: 0, replayed: 0, unknownTags: 0, foreignTags: 0, duplicate: 0, overflow: 0 };
	state: StateMessage | undefined;
	lastSeenAt: number | undefined;
	epoch = 0;
	/** Of its present line. */
	line = 0;
	isConnected = false;
	isSkewed = false;
	received = 0;
	/** Answers that wait for the next receipt. */
	echo: ReceiptMessage["echo"];
	owesHello = false;
	helloAtMs = 0;
	#counters = new Map<string, number>();
	#parts: { version: number; next: number; tags: WireTag[] } | undefined;
	readonly #tools: LineTools;

	constructor(tools: LineTools) {
		this.gateway = tools.gateway;
		this.#tools = tools;
	}

	/** What was known before the centre last stopped. */
	async restore(): Promise<void> {
		const kept = await this.#tools.registry.dictionaryOf(this.gateway);
		this.epoch = this.#tools.registry.find(this.gateway)?.epoch ?? 0;
		if (!kept) return;
		this.#counters.set("tags", kept.epoch === this.epoch ? kept.counter : -1);
		this.#adopt(kept.version, kept.tags);
	}

	lane(connection: string): IntakeLane {
		let lane = this.lanes.get(connection);
		if (!lane) {
			if (this.lanes.size >= mostConnections || !connectionPattern.test(connection))
				throw new MillwrightError("namespace.connection-invalid", `"${connection.slice(0, 80)}" is no connection`, {
					kind: "input",
				});
			const known = knownConnection(this.gateway, connection);
			lane = new IntakeLane(this.gateway, connection, known, this.#tools.storedRanges(known));
			this.lanes.set(connection, lane);
		}
		return lane;
	}

	/** A message whose signature holds. Recorded batches sent again are known by their numbers, everything else by its counter. */
	take(message: Envelope, nowMs: number): void {
		if (message.kind === "batches") this.#takeBatches(message, nowMs);
		else if (message.kind === "state" && this.#takeWill(message)) return;
		else if (!this.#isNew(message)) this.refusals.replayed++;
		else if (message.kind === "state") this.#takeState(message, nowMs);
		else if (message.kind === "tags") this.#takeTags(message);
		else {
			this.refusals.malformed++;
			this.#tools.refused("namespace.gateway-kind", `A gateway does not send "${message.kind}"`);
		}
	}

	/** The will was signed when the line began, so its counter is an old one; it speaks of that line only. */
	#takeWill(message: Envelope): boolean {
		const state = readJson(StateMessage, message.body);
		if (!state?.gone) return false;
		if (message.epoch === this.epoch && state.line === this.line) this.isConnected = false;
		return true;
	}

	#isNew({ kind, epoch, counter }: Envelope): boolean {
		if (epoch < this.epoch) return false;
		if (epoch > this.epoch) {
			this.epoch = epoch;
			this.#counters.clear();
			this.#parts = undefined;
			this.#tools.registry.heardEpoch(this.gateway, epoch);
		}
		if (counter <= (this.#counters.get(kind) ?? -1)) return false;
		this.#counters.set(kind, counter);
		return true;
	}

	#takeBatches(message: Envelope, nowMs: number): void {
		this.lastSeenAt = nowMs;
		const { reorderRows } = this.#tools.settings();
		if (message.dictionary !== this.tags.version) {
			// The gateway is told which dictionary is known here and sends its own first; then these come again.
			this.refusals.unknownTags++;
			return;
		}
		for (const entry of openEntries(message.body)) {
			const batch = this.#decode(entry);
			if (batch === undefined) continue;
			const lane = this.lane(batch.connection);
			if (lane.isEarly(entry.after)) {
				if (this.heldRows() + batch.length > reorderRows) for (const one of lane.release(nowMs)) this.#enter(lane, one);
				lane.hold(entry.lane, batch, entry.after, nowMs);
				continue;
			}
			this.#enter(lane, batch);
			for (const next of lane.release(Number.NEGATIVE_INFINITY)) this.#enter(lane, next);
		}
	}

	#decode(entry: EnvelopeEntry): SampleBatch | undefined {
		const batch = decodeBatch(entry.bytes);
		// A tag that stands nowhere in the dictionary: the whole batch is not what it says to be.
		const { ids } = this.tags;
		const { tags, length } = batch;
		let foreign = 0;
		for (let row = 0; row < length; row++) {
			const id = ids[tags[row] as number] ?? unknownTag;
			if (id === unknownTag) {
				this.refusals.unknownTags++;
				this.#tools.refused("namespace.gateway-tag", `A batch of "${batch.connection}" holds a tag that the dictionary does not`);
				return undefined;
			}
			if (id === foreignTag) foreign++;
			// Ours alone: decoding made the column.
			tags[row] = id;
		}
		if (foreign > 0) this.refusals.foreignTags += foreign;
		if (this.isSkewed && this.#tools.settings().skewMakesUncertain)
			for (let row = 0; row < length; row++) if (isGood(batch.quality[row] as number)) batch.quality[row] = Quality.uncertain;
		return entry.lane === "live" || batch.historical ? batch : { ...batch, historical: true };
	}

	#enter(lane: IntakeLane, batch: SampleBatch): void {
		const before = lane.duplicate;
		const parts = lane.take(batch);
		this.refusals.duplicate += lane.duplicate - before;
		this.received += batch.length;
		if (parts === undefined) {
			this.refusals.overflow++;
			return;
		}
		const oneEach = batch.length === batch.last - batch.first + 1;
		const [only] = parts;
		if (only === undefined) return;
		const isWhole = parts.length === 1 && only.first === batch.first && only.last === batch.last;
		if (isWhole || (!oneEach && batch.length > 0)) this.#pass(lane, batch);
		else if (batch.length === 0) for (const part of parts) this.#pass(lane, { ...batch, ...part });
		else for (const part of parts) this.#pass(lane, sliceOf(batch, part));
	}

	/** Samples of tags that the gateway may not own stay out; their numbers are told as never to come. */
	#pass(lane: IntakeLane, batch: SampleBatch): void {
		const owned = batch.tags.includes(foreignTag) ? withoutForeign(batch) : batch;
		lane.foreign += batch.length - owned.length;
		this.#tools.handOn({ ...owned, connection: lane.known });
	}

	heldRows(): number {
		let rows = 0;
		for (const lane of this.lanes.values()) rows += lane.heldRows;
		return rows;
	}

	/** What has waited longer than the settings allow goes on without its predecessor. */
	releaseLate(nowMs: number): void {
		const until = nowMs - this.#tools.settings().reorderMs;
		for (const lane of this.lanes.values())
			if (lane.heldRows > 0) for (const batch of lane.release(until)) this.#enter(lane, batch);
	}

	#takeState(message: Envelope, nowMs: number): void {
		const state = readJson(StateMessage, message.body);
		if (!state) {
			this.refusals.malformed++;
			this.#tools.refused("namespace.gateway-state", "A state message is not what it should be");
			return;
		}
		this.lastSeenAt = nowMs;
		this.isConnected = true;
		if (state.hello || state.line !== this.line) {
			this.clock.reset();
			this.line = state.line;
		}
		this.clock.heard({ sentAtMs: message.sentAtMs, receivedAtMs: nowMs, roundTripMs: state.roundTripMs });
		this.echo = { counter: message.counter, sentAtMs: message.sentAtMs, receivedAtMs: nowMs };
		if (state.hello && !this.owesHello) {
			this.owesHello = true;
			this.helloAtMs = nowMs;
		}
		this.state = state;
		const { askAgainMs } = this.#tools.settings();
		for (const [connection, { mode, through, owed }] of Object.entries(state.connections)) {
			const lane = this.lanes.get(connection);
			// Of what goes up as summaries, samples come only when they are asked for.
			if (!lane || mode === "summary" || state.hello) continue;
			const ranges = owed.map(([first, last]) => ({ first, last }));
			lane.look(lane.missing(ranges, through), nowMs, askAgainMs);
		}
	}

	#takeTags(message: Envelope): void {
		const given = this.#inflate(message.body);
		if (!given) {
			this.refusals.malformed++;
			this.#tools.refused("namespace.gateway-tags", "A tag dictionary is not what it should be");
			return;
		}
		if (given.part === 0) this.#parts = { version: given.version, next: 0, tags: [] };
		const parts = this.#parts;
		if (!parts || parts.version !== given.version || parts.next !== given.part) {
			this.#parts = undefined;
			return;
		}
		if (parts.tags.length + given.tags.length > this.#tools.settings().maxTags * 2) {
			this.#parts = undefined;
			this.refusals.malformed++;
			this.#tools.refused("namespace.gateway-tags", "A tag dictionary is larger than a gateway may have");
			return;
		}
		for (const tag of given.tags) parts.tags.push(tag);
		parts.next++;
		if (parts.next < given.parts) return;
		this.#parts = undefined;
		const before = this.tags.wire();
		this.#adopt(given.version, parts.tags);
		const { epoch, counter } = message;
		this.#tools.registry.keepDictionary(this.gateway, { version: given.version, epoch, counter, tags: this.tags.wire() });
		if (!isDeepStrictEqual(before, this.tags.wire())) this.#tools.tagsChanged();
	}

	#inflate(body: Uint8Array): TagsMessage | undefined {
		try {
			return readJson(TagsMessage, inflateSync(body, { maxOutputLength: largestTags }));
		} catch {
			return undefined;
		}
	}

	/** With what it may own now. */
	#adopt(version: number, tags: readonly WireTag[]): void {
		const { registry, directory, settings, ownerOf } = this.#tools;
		this.tags.adopt(version, tags, {
			gateway: this.gateway,
			paths: registry.find(this.gateway)?.paths ?? [],
			maxTags: settings().maxTags,
			directory,
			ownerOf,
		});
	}
}

function withoutForeign(batch: SampleBatch): SampleBatch {
	const rows: number[] = [];
	for (let row = 0; row < batch.length; row++) if (batch.tags[row] !== foreignTag) rows.push(row);
	const texts = new Map<number, string>();
	for (const [at, row] of rows.entries()) {
		const text = batch.texts.get(row);
		if (text !== undefined) texts.set(at, text);
	}
	return {
		...batch,
		length: rows.length,
		tags: Uint32Array.from(rows, (row) => batch.tags[row] as number),
		times: BigInt64Array.from(rows, (row) => batch.times[row] as bigint),
		values: Float64Array.from(rows, (row) => batch.values[row] as number),
		quality: Uint8Array.from(rows, (row) => batch.quality[row] as number),
		texts,
	};
}
