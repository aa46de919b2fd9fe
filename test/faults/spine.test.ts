import { afterAll, beforeAll, expect, test } from "vitest";
import { bothKilled } from "./both-killed.ts";
import { clockSet } from "./clock-set.ts";
import { diskFull } from "./disk-full.ts";
import { expectEven } from "./even.ts";
import { hasFalseClocks } from "./false-clock.ts";
import { historyDamaged } from "./files-damaged.ts";
import { lineDown, openLineDown } from "./line-down.ts";
import { lineTampered } from "./line-tampered.ts";
import { hasSmallDisks } from "./small-disk.ts";
import { openSpine, type Spine } from "./spine.ts";

const seed = 5;
const disksAreThere = hasSmallDisks();
const clocksAreThere = hasFalseClocks();
let spine: Spine;
let backlog = 0;
beforeAll(async () => {
	({ spine, backlog } = await openLineDown({
		everyMs: 120_000,
		...(disksAreThere ? { disks: { edge: 24, centre: 96 } } : {}),
	}));
}, 120_000);
afterAll(() => spine?.close(), 60_000);

test("after 72 hours without a line everything goes up, and live values do not wait behind it", async () => {
	expectEven(await lineDown(spine, { backlog }));
}, 120_000);

test("edge and centre that are killed at random moments come back, and what was durable is stored, once and in order", async () => {
	const outcome = await bothKilled(spine, { count: 4, seed, say: () => {} });
	expectEven(outcome);
	expect(outcome.figures).toMatchObject({ kills: 4 });
}, 180_000);

test("what somebody in the line doubles, holds back, cuts short, forges, replays or swallows is counted and changes nothing", async () => {
	expectEven(await lineTampered(spine, { tricks: 40, seed, share: 0.5 }));
}, 120_000);

test("a full disk under the edge is told and stops nobody, and nothing is missing afterwards", async ({ skip }) => {
	if (!disksAreThere) skip("this machine gives a test no file system of its own (unshare, tmpfs)");
	expectEven(await diskFull(spine, { side: "edge" }));
}, 180_000);

test("a full disk under the centre is told and stops nobody, and nothing is missing afterwards", async ({ skip }) => {
	if (!disksAreThere) skip("this machine gives a test no file system of its own (unshare, tmpfs)");
	expectEven(await diskFull(spine, { side: "centre" }));
}, 180_000);

test("a history whose files were damaged is told, and the edge brings it again", async () => {
	expectEven(await historyDamaged(spine, { seed, rounds: 2 }));
}, 180_000);

test("a clock that is set back by an hour is told, and every value keeps its place", async ({ skip }) => {
	if (!clocksAreThere) skip("libfaketime is not installed (apt-get install libfaketime)");
	const own = await openSpine({ clocks: ["edge"] });
	try {
		expectEven(await clockSet(own, { side: "edge", settings: [-3600, 0] }));
	} finally {
		await own.close();
	}
}, 180_000);
