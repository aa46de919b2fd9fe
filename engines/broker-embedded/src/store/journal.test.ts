import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClock, silentLog } from "@millwright/runtime";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { compact } from "./compaction.ts";
import { frameHead, readFrames, sealFrame } from "./frames.ts";
import { Journal } from "./journal.ts";
import { filesIn, loadJournal } from "./journal-folder.ts";
import { KeptState } from "./kept-state.ts";
import { replayRecords } from "./record-decoder.ts";
import { RecordEncoder } from "./record-encoder.ts";
import type { Recorder } from "./records.ts";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function newFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "journal-"));
	folders.push(folder);
	return folder;
}

const qos = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
const upper = fc.constantFrom<1 | 2>(1, 2);
const session = fc.integer({ min: 1, max: 3 });
const order = fc.integer({ min: 1, max: 8 });
const packetId = fc.integer({ min: 1, max: 6 });
const number = fc.integer({ min: 1, max: 8 });
const name = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => text.isWellFormed());
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const seconds = fc.oneof(fc.integer({ min: 0, max: 1e9 }), fc.constant(Number.POSITIVE_INFINITY));

/** One record, as a call. */
const record: fc.Arbitrary<(to: Recorder) => void> = fc.oneof(
	fc.tuple(session, name, name, seconds).map(
		([one, principal, clientId, expirySeconds]) =>
			(to: Recorder) =>
				to.session({ number: one, principal, clientId, expirySeconds, awayMs: 5 }),
	),
	session.map((one) => (to: Recorder) => to.sessionEnded(one)),
	fc.tuple(session, name, qos, fc.boolean(), fc.boolean(), fc.integer({ min: 0, max: 268_435_455 })).map(
		([one, key, level, noLocal, retainAsPublished, id]) =>
			(to: Recorder) =>
				to.subscribed(one, { key, qos: level, noLocal, retainAsPublished, id }),
	),
	fc.tuple(session, name).map(
		([one, key]) =>
			(to: Recorder) =>
				to.unsubscribed(one, key),
	),
	fc.tuple(number, name, qos, fc.boolean(), seconds, name, bytes, bytes).map(
		([one, topic, level, retain, expiresAtMs, who, forward, payload]) =>
			(to: Recorder) =>
				to.message({ number: one, topic, qos: level, retain, expiresAtMs, clientId: who, principal: who, forward, payload }),
	),
	fc.tuple(session, order, number, upper, fc.boolean(), fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 3 }), name).map(
		([one, at, message, level, retain, ids, group]) =>
			(to: Recorder) =>
				to.queued(one, { order: at, message, qos: level, retain, ids, group }),
	),
	fc.tuple(session, order, packetId).map(
		([one, at, id]) =>
			(to: Recorder) =>
				to.sent(one, at, id),
	),
	fc.tuple(session, order).map(
		([one, at]) =>
			(to: Recorder) =>
				to.released(one, at),
	),
	fc.tuple(session, order).map(
		([one, at]) =>
			(to: Recorder) =>
				to.done(one, at),
	),
	fc.tuple(session, packetId).map(
		([one, id]) =>
			(to: Recorder) =>
				to.received(one, id),
	),
	fc.tuple(session, packetId).map(
		([one, id]) =>
			(to: Recorder) =>
				to.receivedGone(one, id),
	),
	number.map((one) => (to: Recorder) => to.retained(one)),
	name.map((topic) => (to: Recorder) => to.cleared(topic)),
	fc.tuple(name, name, qos, bytes).map(
		([who, topic, level, payload]) =>
			(to: Recorder) =>
				to.will({
					principal: who,
					clientId: who,
					topic,
					payload,
					qos: level,
					retain: true,
					delaySeconds: 3,
					expirySeconds: Number.POSITIVE_INFINITY,
					forward: payload,
				}),
	),
	fc.tuple(name).map(
		([who]) =>
			(to: Recorder) =>
				to.willGone(who, who),
	),
);

/** Everything that is visible from outside, with what nobody uses left out. */
const shown = (state: KeptState): unknown => ({
	sessions: [...state.sessions.values()].map(({ entries, incoming, subscriptions, ...about }) => ({
		...about,
		subscriptions: [...subscriptions],
		incoming: [...incoming].sort(),
		waiting: [...entries.values()].filter((entry) => entry.packetId === 0).map(({ sentAt: _, ...entry }) => entry),
		inflight: [...entries.values()]
			.filter((entry) => entry.packetId > 0)
			.sort((a, b) => a.sentAt - b.sentAt)
			.map(({ sentAt: _, ...entry }) => entry),
	})),
	messages: [...state.messages.values()]
		.filter(({ uses }) => uses > 0)
		.sort((a, b) => a.message.number - b.message.number)
		.map(({ message, uses }) => ({ ...message, uses })),
	retains: [...state.retains],
	wills: [...state.wills],
});

test("whatever is recorded reads back as the same, and a snapshot of it says the same again", () => {
	fc.assert(
		fc.property(fc.array(record, { maxLength: 60 }), (records) => {
			// A number stands for one message only, as the journal gives them.
			const direct = new KeptState();
			const encoder = new RecordEncoder(0);
			const known = new Set<number>();
			const once = (to: Recorder): Recorder =>
				new Proxy(to, {
					get(target, kind) {
						const method = (Reflect.get(target, kind, target) as (...about: unknown[]) => void).bind(target);
						return (...about: unknown[]): void => {
							if (kind !== "message" || !known.has((about[0] as { number: number }).number)) method(...about);
						};
					},
				});
			for (const say of records) {
				say(once(direct));
				say(once(encoder));
				for (const one of direct.messages.keys()) known.add(one);
			}
			const read = new KeptState();
			replayRecords(encoder.take(), read);
			expect(shown(read)).toEqual(shown(direct));
			const again = new RecordEncoder(0);
			direct.retell(again);
			const retold = new KeptState();
			replayRecords(again.take(), retold);
			expect(shown(retold)).toEqual(shown(direct));
		}),
	);
});

test("frames are read until one is not whole, and from the next sound one behind damage", () => {
	const frame = (text: string): Buffer => {
		const bytes = Buffer.alloc(frameHead + text.length);
		bytes.write(text, frameHead);
		return sealFrame(bytes);
	};
	const file = Buffer.concat(["one", "two", "three"].map(frame));
	const read = (bytes: Buffer) => {
		const texts: string[] = [];
		return { ...readFrames(bytes, (records) => texts.push(records.toString())), texts };
	};
	expect(read(file)).toEqual({ soundBytes: file.length, damaged: 0, texts: ["one", "two", "three"] });
	for (let cut = 1; cut < frameHead + 5; cut++)
		expect(read(file.subarray(0, file.length - cut))).toMatchObject({ damaged: 0, texts: ["one", "two"] });
	for (let at = 0; at < frameHead + 3; at++) {
		const broken = Buffer.from(file);
		broken[at] = (broken[at] as number) ^ 0x41;
		expect(read(broken)).toMatchObject({ damaged: 1, texts: ["two", "three"] });
	}
	expect(read(Buffer.alloc(5000))).toEqual({ soundBytes: 0, damaged: 0, texts: [] });
});

test("a journal that is folded says the same from one snapshot, while more is written, and its old logs are gone", async () => {
	const folder = newFolder();
	const journal = new Journal({ folder, clock: createClock(), log: silentLog });
	await journal.open();
	const kept = () => new Promise<void>((resolve) => journal.after(resolve));
	for (let i = 1; i <= 2000; i++) {
		journal.say.message({
			number: i,
			topic: `t/${i % 100}`,
			qos: 1,
			retain: true,
			expiresAtMs: Number.POSITIVE_INFINITY,
			clientId: "c",
			principal: "p",
			forward: Buffer.alloc(0),
			payload: Buffer.alloc(20_000, String(i)),
		});
		journal.say.retained(i);
		if (i % 100 === 0) await kept();
	}
	// 40 MB are more than a log may hold for 2 MB that are still true.
	while (filesIn(folder).snapshot === 0) await new Promise((resolve) => setTimeout(resolve, 5));
	await journal.close();
	const { logs, snapshot } = filesIn(folder);
	expect(logs.every((one) => one > snapshot)).toBe(true);
	expect(readdirSync(folder).filter((file) => file.endsWith(".log")).length).toBeLessThanOrEqual(logs.length);
	const { state, damaged, cutBytes } = loadJournal(folder);
	expect({ damaged, cutBytes }).toEqual({ damaged: [], cutBytes: 0 });
	expect([...state.retains.values()].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => 1901 + i));
	expect(state.messages.size).toBe(100);

	// By hand as well: everything into one file.
	const before = shown(state);
	await compact(folder, filesIn(folder).next - 1);
	expect(filesIn(folder).logs).toEqual([]);
	expect(shown(loadJournal(folder).state)).toEqual(before);
});
