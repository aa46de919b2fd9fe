import {
	type Clock,
	compatible,
	convert,
	isTopic,
	type Log,
	type Nanos,
	nanosFromIso,
	type TagDirectory,
	tagOfTopic,
	ucumFrom,
	type Value,
} from "@millwright/core";
import type { TagFacts } from "@millwright/sense/api";
import type { TagPayload } from "./api.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { DocumentShape, type Scanned, scanned } from "./document-shape.ts";
import { createDoubts, type Remembered } from "./doubts.ts";
import { createExternalRows, type ExternalRow, type IngestExternal } from "./external-rows.ts";
import { payloadProblem, qualityOf } from "./payload-reader.ts";
import { createRepeats } from "./repeats.ts";
import { externalConnection, type TagTopic, type TagTopics } from "./tag-topics.ts";

/** A client's publish as the broker shows it before anybody receives it; the payload is only valid during the call. */
export interface ClientMessage {
	topic: string;
	payload: Uint8Array;
	qos: 0 | 1 | 2;
	retain: boolean;
	/** A broker outside had it retained from before we asked: it may have been heard already, and may be our own. */
	isKept?: boolean;
	client: { id: string; principal: string };
}

/** Reason codes of MQTT 5 §3.4.2.1. */
const refusal = {
	notAuthorized: 0x87,
	topicNameInvalid: 0x90,
	quotaExceeded: 0x97,
	payloadFormatInvalid: 0x99,
	serverBusy: 0x83,
} as const;

const largestPayload = 65_536;
/** Topics strangers may bring to life; each costs a line in the tag directory for good. */
const mostTopics = 100_000;
/** A clock that runs ahead by more than this is wrong; its values would hide those that follow. */
const furthestAheadMs = 86_400_000;
/** Ways in which the documents of one topic are written that are remembered: a quality that comes and goes makes two. */
const shapesPerTopic = 3;
const missesBorne = 20;
const rarely = 64;

interface Refused {
	code: string;
	reason: string;
	refuse: number;
}

/** What the broker does with a client's message: the acknowledgement waits for `stored`, and reading on for `room`. */
export type ClientVerdict = "accept" | Taken | { refuse: number; reason?: string };

interface Taken {
	retain: boolean;
	stored?: Promise<void> | undefined;
	room?: Promise<void> | undefined;
}

/** What is known of a topic after a document on it went the long way, as long as nothing about the tag changes. */
interface Known {
	readonly topic: TagTopic;
	/** Documents that took the long way since one did not. */
	misses: number;
	/** Newest first. */
	readonly ways: {
		shape: DocumentShape;
		quality: number;
		historical: boolean;
		inUnit: ((value: number) => number) | undefined;
	}[];
}

/**
 * The gate for what MQTT clients publish below the root. What keeps the contract is delivered as it was sent and becomes
 * samples; what breaks it is delivered nowhere and goes to the dead letters with the reason.
 */
export function createExternalGate(tools: {
	topics: TagTopics;
	letters: DeadLetters;
	directory: TagDirectory;
	clock: Clock;
	log: Log;
	facts(id: number): TagFacts | undefined;
	ingest: IngestExternal;
	remembered?: Remembered | undefined;
}) {
	const { topics, letters, directory, clock, log } = tools;
	const repeats = createRepeats();
	const rows = createExternalRows({ clock, log, repeats, ingest: tools.ingest });
	const doubts = createDoubts({
		connection: externalConnection,
		remembered: tools.remembered ?? {},
		log,
		add(one, historical, mark) {
			accepted++;
			return rows.add(one, historical, mark);
		},
		repeated() {
			repeated++;
		},
	});
	/** By topic as it comes. */
	const knowns = new Map<string, Known>();
	const found: Scanned = scanned();
	const row: ExternalRow & { sequence: number | undefined } = {
		tag: 0,
		high: 0,
		low: 0,
		value: 0,
		text: undefined,
		quality: 0,
		sequence: undefined,
	};
	let knownRoot = topics.root;
	let external = 0;
	let accepted = 0;
	let repeated = 0;

	function forget(): void {
		knowns.clear();
		knownRoot = topics.root;
	}

	/** What is in `row`: a sample, unless it has come before. One retained topic per tag, whatever the client asked for; what is older than the topic holds passes by. */
	function store(topic: TagTopic, message: ClientMessage, historical: boolean): Taken {
		topic.client = message.client.id;
		const isLater = row.high > topic.externalHigh || (row.high === topic.externalHigh && row.low > topic.externalLow);
		const isNewest = isLater || (row.high === topic.externalHigh && row.low === topic.externalLow);
		if (isLater) {
			topic.externalHigh = row.high;
			topic.externalLow = row.low;
		}
		const mark = repeats.note(row, isLater);
		if (mark === undefined) {
			repeated++;
			// Its first coming may still be on the way.
			return { retain: isNewest, stored: rows.settled(), room: undefined };
		}
		if (doubts.concerns(row, message.isKept === true)) {
			const stored = doubts.add(row, { historical, mark: { ...mark }, isKept: message.isKept === true });
			return { retain: isNewest, stored, room: doubts.room() };
		}
		accepted++;
		return { retain: isNewest, stored: rows.add(row, historical, mark), room: rows.room() };
	}

	/** A document written as others of the topic were: nothing has to be looked up or made. Undefined where it takes the long way. */
	function quickly(known: Known, message: ClientMessage): Taken | undefined {
		const { topic, ways } = known;
		if (topic.connection !== externalConnection) return undefined;
		for (const [i, way] of ways.entries()) {
			if (!way.shape.scan(message.payload, found)) continue;
			if (found.seconds * 1000 > clock.nowMs() + furthestAheadMs - 1000) return undefined;
			if (way.inUnit !== undefined && found.isWord) return undefined;
			if (i > 0) [ways[0], ways[i]] = [way, ways[0] as typeof way];
			known.misses = 0;
			row.tag = topic.id;
			row.high = found.high;
			row.low = found.low;
			row.sequence = found.sequence;
			row.value = way.inUnit === undefined ? found.value : way.inUnit(found.value);
			row.text = undefined;
			row.quality = way.quality;
			return store(topic, message, way.historical);
		}
		return undefined;
	}

	function learn(message: ClientMessage, topic: TagTopic, unit: string | undefined, document: TagPayload): void {
		const { payload } = message;
		const known = knowns.get(message.topic) ?? { topic, misses: 0, ways: [] };
		knowns.set(message.topic, known);
		// Where no document is like the one before, looking for a shape is in vain most of the time.
		if (++known.misses > missesBorne && known.misses % rarely !== 0) return;
		const shape = DocumentShape.of(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
		if (shape === undefined) return;
		const given = unitOf(document.measurement.unit);
		const converts = unit !== undefined && given !== undefined && given !== unit;
		known.ways.unshift({
			shape,
			quality: qualityOf(document.measurement),
			historical: document.historical === true,
			inUnit: converts ? (value) => convert(value, given, unit) : undefined,
		});
		if (known.ways.length > shapesPerTopic) known.ways.pop();
	}

	/** Somebody else's topic: a connection of ours, or what the twin derives, stands on it. */
	function ownerOf(id: number): string | undefined {
		const owner = tools.facts(id)?.connection ?? topics.find(id)?.connection;
		return owner === externalConnection ? undefined : owner;
	}

	function read(message: ClientMessage, name: string): Refused | Taken {
		if (!isTopic(name) || !name.includes("/"))
			return {
				code: "namespace.topic-invalid",
				reason: "Topics are <root>/<asset path>/<tag>; levels are 1 to 64 of a-z, 0-9, dot, underscore and hyphen",
				refuse: refusal.topicNameInvalid,
			};
		const known = directory.idOf(name);
		const owner = known === undefined ? undefined : ownerOf(known);
		if (owner !== undefined)
			return { code: "namespace.topic-owned", reason: `The topic belongs to ${owner}`, refuse: refusal.notAuthorized };
		if (message.payload.length === 0) return clear(message, known);
		const document = parse(message.payload);
		if ("code" in document) return document;
		return take(message, name, known, document);
	}

	function clear(message: ClientMessage, id: number | undefined): Refused | Taken {
		if (!message.retain)
			return { code: "namespace.payload-invalid", reason: "The payload is empty", refuse: refusal.payloadFormatInvalid };
		const topic = id === undefined ? undefined : topics.find(id);
		if (topic !== undefined) {
			topics.remove(topic);
			knowns.delete(message.topic);
			external--;
		}
		return { retain: true };
	}

	function parse(payload: Uint8Array): TagPayload | Refused {
		if (payload.length > largestPayload)
			return {
				code: "namespace.payload-too-large",
				reason: `${payload.length} bytes; a tag's payload has at most ${largestPayload}`,
				refuse: refusal.payloadFormatInvalid,
			};
		let document: unknown;
		try {
			document = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString());
		} catch {
			return { code: "namespace.payload-not-json", reason: "The payload is not JSON", refuse: refusal.payloadFormatInvalid };
		}
		const wrong = payloadProblem(document);
		return wrong === undefined ? (document as TagPayload) : { ...wrong, refuse: refusal.payloadFormatInvalid };
	}

	function take(message: ClientMessage, name: string, known: number | undefined, document: TagPayload): Refused | Taken {
		const time = nanosFromIso(document.timestamp) as Nanos;
		if (time > clock.now() + BigInt(furthestAheadMs) * 1_000_000n || time < 0n)
			return {
				code: "namespace.time-implausible",
				reason: `${document.timestamp} is more than a day ahead, or before 1970`,
				refuse: refusal.payloadFormatInvalid,
			};
		const before = known === undefined ? undefined : topics.find(known);
		if (before === undefined && external >= mostTopics)
			return {
				code: "namespace.too-many-topics",
				reason: `Clients have ${external} topics already`,
				refuse: refusal.quotaExceeded,
			};
		const unit = (known === undefined ? undefined : tools.facts(known)?.unit) ?? before?.unit;
		const measured = valueIn(unit, document.measurement);
		if ("code" in measured) return measured;
		const topic = before ?? adopt(name, document, message);
		if (topic === undefined)
			return { code: "namespace.topic-refused", reason: "The tag directory has no room", refuse: refusal.serverBusy };
		topic.unit ??= unitOf(document.measurement.unit);
		learn(message, topic, unit ?? topic.unit, document);
		row.tag = topic.id;
		row.high = Number(time >> 32n);
		row.low = Number(time & 0xffff_ffffn);
		row.sequence = document.seq;
		row.text = typeof measured.value === "string" ? measured.value : undefined;
		row.value = measured.value === null || row.text !== undefined ? Number.NaN : Number(measured.value);
		row.quality = qualityOf(document.measurement);
		return store(topic, message, document.historical === true);
	}

	function adopt(name: string, document: TagPayload, message: ClientMessage): TagTopic | undefined {
		try {
			const id = directory.assign([name])[0] as number;
			const topic = topics.add(id, externalConnection);
			if (topic === undefined) return undefined;
			external++;
			topic.unit = tools.facts(id)?.unit ?? unitOf(document.measurement.unit);
			topics.compile(topic);
			return topic;
		} catch (error) {
			log.error("A topic of an MQTT client could not be named", { topic: message.topic, error: String(error) });
			return undefined;
		}
	}

	return {
		figures: () => ({ topics: external, accepted, repeated }),
		/** What the broker does with a client's message. */
		judge(message: ClientMessage): ClientVerdict {
			if (knownRoot !== topics.root) forget();
			const known = knowns.get(message.topic);
			const taken = known === undefined ? undefined : quickly(known, message);
			if (taken !== undefined) return taken;
			const name = tagOfTopic(message.topic, topics.root);
			if (name === undefined)
				return message.topic.startsWith(`${topics.root}-dead-letter/`) ? { refuse: refusal.notAuthorized } : "accept";
			const verdict = read(message, name);
			if (!("code" in verdict)) return verdict;
			// Our own from an earlier life, kept by a broker outside.
			if (message.isKept && verdict.code === "namespace.topic-owned") return { refuse: verdict.refuse, reason: verdict.reason };
			letters.add(message, verdict.code, verdict.reason);
			return { refuse: verdict.refuse, reason: verdict.reason };
		},
		flush: rows.flush,
		/** What was stored before this start can be looked through now. */
		recall: doubts.open,
		/** What is known of tags has changed: each topic's next document takes the long way. */
		forget,
	};
}

const unitOf = (word: string | undefined): string | undefined => (word === undefined ? undefined : (ucumFrom(word) ?? word));

/** The value in the tag's unit; a unit that cannot become it is refused, not guessed. */
function valueIn(unit: string | undefined, measurement: TagPayload["measurement"]): { value: Value } | Refused {
	const { value } = measurement;
	const given = unitOf(measurement.unit);
	if (unit === undefined || given === undefined || given === unit) return { value };
	if (!compatible(given, unit))
		return {
			code: "namespace.unit-mismatch",
			reason: `"${measurement.unit}" cannot become the tag's unit "${unit}"`,
			refuse: refusal.payloadFormatInvalid,
		};
	return { value: typeof value === "number" ? convert(value, given, unit) : value };
}
