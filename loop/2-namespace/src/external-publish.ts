import {
	type Clock,
	compatible,
	convert,
	isTopic,
	type Log,
	type Nanos,
	nanosFromIso,
	type Quality,
	type Sample,
	type TagDirectory,
	tagOfTopic,
	ucumFrom,
	type Value,
} from "@millwright/core";
import type { TagFacts } from "@millwright/sense/api";
import type { TagPayload } from "./api.ts";
import type { DeadLetters } from "./dead-letters.ts";
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
const rowsAtOnce = 1000;

interface Refused {
	code: string;
	reason: string;
	refuse: number;
}

/** What the broker does with a client's message: the acknowledgement waits for `stored`. */
export type ClientVerdict = "accept" | { retain: boolean; stored?: Promise<void> } | { refuse: number; reason?: string };

interface Taken {
	retain: boolean;
	stored?: Promise<void>;
}

/** Rows that go to the ring together, and those who wait until they are there. */
interface Waiting {
	live: Sample[];
	historical: Sample[];
	keys: string[];
	done: PromiseWithResolvers<void>;
}

function nobodyWaits(): Waiting {
	const done = Promise.withResolvers<void>();
	// Of QoS 0 nobody waits to hear of a failure.
	done.promise.catch(() => {});
	return { live: [], historical: [], keys: [], done };
}

export type IngestExternal = (
	connection: string,
	rows: readonly Sample[],
	about: { historical: boolean; receivedMs: number },
) => unknown;

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
}) {
	const { topics, letters, directory, clock, log } = tools;
	let waiting = nobodyWaits();
	/** Of the newest rows that went to the ring; it takes them in order. */
	let under: Promise<void> = Promise.resolve();
	const repeats = createRepeats();
	let scheduled = false;
	let external = 0;
	let accepted = 0;
	let repeated = 0;

	async function ingest(rows: Sample[], historical: boolean): Promise<void> {
		if (rows.length > 0) await tools.ingest(externalConnection, rows, { historical, receivedMs: clock.nowMs() });
	}

	/** Hands on what waits; resolves when the ring has it. */
	function flush(): void {
		const { live, historical, keys, done } = waiting;
		if (keys.length === 0) return;
		waiting = nobodyWaits();
		under = done.promise;
		Promise.all([ingest(live, false), ingest(historical, true)]).then(
			() => done.resolve(),
			(error: unknown) => {
				for (const key of keys) repeats.forget(key);
				log.error("Samples of MQTT clients could not be taken in", { rows: keys.length, error: String(error) });
				done.reject(error);
			},
		);
	}

	function enqueue(row: Sample, historical: boolean, key: string): Promise<void> {
		const { live, keys, done } = waiting;
		(historical ? waiting.historical : live).push(row);
		keys.push(key);
		if (keys.length >= rowsAtOnce) flush();
		else if (!scheduled) {
			scheduled = true;
			setImmediate(() => {
				scheduled = false;
				flush();
			});
		}
		return done.promise;
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
		topic.client = message.client.id;
		topic.unit ??= unitOf(document.measurement.unit);
		const newest = time >= topic.externalTime;
		const historical = document.historical === true;
		if (newest) topic.externalTime = time;
		const row: Sample = { tag: topic.id, time, value: measured.value, quality: qualityOf(document.measurement) as Quality };
		const key = repeats.note(row, document.seq);
		let stored: Promise<void>;
		if (key === undefined) {
			repeated++;
			// Its first coming may still be on the way.
			stored = waiting.keys.length > 0 ? waiting.done.promise : under;
		} else {
			stored = enqueue(row, historical, key);
			accepted++;
		}
		// One retained topic per tag, whatever the client asked for; what is older than the topic holds passes by.
		return { retain: newest, stored };
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
		flush,
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
