import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { auditForTest, person, subjectsOf } from "./audit-for-test.ts";

test("a record is in the file when it resolves, linked to the one before", async () => {
	const house = auditForTest();
	const audit = await house.start();
	await audit.record("press-1", { why: "a new die", outcome: "refused", code: "access.denied" });
	await audit.record("press-2");
	const [first, second] = house.lines().map((line) => JSON.parse(line));
	expect(first).toMatchObject({
		number: 1,
		at: Date.UTC(2026, 10, 20, 8),
		who: { id: "user_1", name: "Ada", from: "10.0.0.1" },
		what: "test.write",
		on: "press-1",
		input: { id: "press-1" },
		why: "a new die",
		outcome: "refused",
		code: "access.denied",
		previous: "0".repeat(64),
	});
	expect(second).toMatchObject({ number: 2, previous: first.hash });
	expect(await audit.verify()).toEqual({ whole: true, entries: 2, head: second.hash });
	await audit.stop();
});

test("records at once share a sync and keep the order of the calls", async () => {
	const house = auditForTest();
	const audit = await house.start();
	await Promise.all(Array.from({ length: 500 }, (_, i) => audit.record(`thing-${i}`)));
	expect(house.lines().map((line) => JSON.parse(line).on)).toEqual(Array.from({ length: 500 }, (_, i) => `thing-${i}`));
	const figure = (name: string) => audit.part.figures?.().find((one) => one.name === name)?.value;
	expect(figure("audit_written_total")).toBe(500);
	expect(figure("audit_syncs_total")).toBeLessThanOrEqual(4);
	expect(await audit.verify()).toMatchObject({ whole: true, entries: 500 });
	await audit.stop();
});

test("entries come newest first, filtered and paged", async () => {
	const house = auditForTest();
	const audit = await house.start();
	const bob = { id: "user_2", name: "Bob", kind: "person" as const, roles: [] };
	await audit.record("press-1", { what: "sense.addConnection" });
	await house.clock.advance(1000);
	await audit.record("press-2", { what: "sense.write", who: bob, outcome: "failed" });
	await house.clock.advance(1000);
	await audit.record("100%_oven", { what: "sensei.write" });
	const at = Date.UTC(2026, 10, 20, 8);
	expect(subjectsOf(await audit.entries())).toEqual(["100%_oven", "press-2", "press-1"]);
	expect(subjectsOf(await audit.entries({ who: "user_2" }))).toEqual(["press-2"]);
	expect(subjectsOf(await audit.entries({ who: "Bob" }))).toEqual(["press-2"]);
	expect(subjectsOf(await audit.entries({ what: "sense.write" }))).toEqual(["press-2"]);
	expect(subjectsOf(await audit.entries({ what: "sense." }))).toEqual(["press-2", "press-1"]);
	expect(subjectsOf(await audit.entries({ on: "PRESS" }))).toEqual(["press-2", "press-1"]);
	expect(subjectsOf(await audit.entries({ on: "%_" }))).toEqual(["100%_oven"]);
	expect(subjectsOf(await audit.entries({ on: "_r" }))).toEqual([]);
	expect(subjectsOf(await audit.entries({ outcome: "failed" }))).toEqual(["press-2"]);
	expect(subjectsOf(await audit.entries({ from: at + 1000, until: at + 2000 }))).toEqual(["press-2"]);
	expect(subjectsOf(await audit.entries({ who: "", what: "", on: "" }))).toHaveLength(3);
	const page = await audit.entries({ what: "sense.", limit: 1 });
	expect([subjectsOf(page), page.total]).toEqual([["press-2"], 2]);
	const next = await audit.entries({ what: "sense.", limit: 1, before: page.entries[0]?.number as number });
	expect([subjectsOf(next), next.total]).toEqual([["press-1"], 2]);
	await audit.stop();
});

test("the chain goes on over a restart, and an index that is gone is made anew", async () => {
	const house = auditForTest();
	const before = await house.start();
	for (let i = 0; i < 1200; i += 100) await Promise.all(Array.from({ length: 100 }, (_, k) => before.record(`thing-${i + k}`)));
	await before.stop();
	await house.db.deleteFrom("audit_index").execute();
	const after = await house.start();
	await after.record("last");
	const { entries, total } = await after.entries({ limit: 3 });
	expect([total, entries.map(({ on, number }) => [on, number])]).toEqual([
		1201,
		[
			["last", 1201],
			["thing-1199", 1200],
			["thing-1198", 1199],
		],
	]);
	expect(await after.verify()).toMatchObject({ whole: true, entries: 1201 });
	await after.stop();
});

test("an index that is behind catches up", async () => {
	const house = auditForTest();
	const before = await house.start();
	for (const id of ["a", "b", "c", "d"]) await before.record(id);
	await before.stop();
	await house.db.deleteFrom("audit_index").where("number", ">", 2).execute();
	await house.db
		.updateTable("audit_anchors")
		.set({ number: 2, hash: JSON.parse(house.lines()[1] as string).hash })
		.execute();
	const after = await house.start();
	expect(subjectsOf(await after.entries())).toEqual(["d", "c", "b", "a"]);
	expect(await after.verify()).toMatchObject({ whole: true });
	expect(after.part.health?.().state).toBe("good");
	await after.stop();
});

test("a torn last line is set aside, said and recorded, and the chain is whole", async () => {
	const house = auditForTest();
	const before = await house.start();
	await before.record("a");
	await before.record("b");
	await before.stop();
	const torn = '{"at":1793,"code":"","hash":"77';
	appendFileSync(house.file, torn);
	const after = await house.start();
	await after.record("c");
	expect(readFileSync(join(house.folder, "audit.torn"), "utf8")).toBe(torn);
	expect((await after.entries()).entries.map(({ what, on }) => `${what} ${on}`)).toEqual([
		"test.write c",
		"audit.torn ",
		"test.write b",
		"test.write a",
	]);
	expect((await after.entries({ what: "audit.torn" })).entries[0]).toMatchObject({
		who: { id: "system" },
		input: { bytes: torn.length },
	});
	expect(house.said).toContain("an unfinished last line of the audit log was set aside");
	expect(await after.verify()).toMatchObject({ whole: true, entries: 4 });
	expect(after.part.health?.().state).toBe("good");
	await after.stop();
});

test("a file that holds only a torn line begins anew", async () => {
	const house = auditForTest();
	house.put('{"at":17');
	const audit = await house.start();
	expect(await audit.verify()).toMatchObject({ whole: true, entries: 1 });
	await audit.stop();
});

test("a change in the middle is reported where it is, never mended, and the platform goes on recording", async () => {
	const house = auditForTest();
	const before = await house.start();
	for (const id of ["a", "b", "c", "d"]) await before.record(id);
	await before.stop();
	const forged = house.bytes().toString().replace('"on":"b"', '"on":"x"');
	house.put(forged);
	const after = await house.start();
	await after.record("e");
	expect(await after.verify()).toMatchObject({
		whole: false,
		brokenAt: 2,
		reason: "The entry was changed: its hash does not fit its content",
	});
	expect(after.part.health?.()).toMatchObject({
		state: "failing",
		reason: expect.stringContaining("entry 2"),
		hint: expect.any(String),
	});
	expect(house.bytes().toString().startsWith(forged)).toBe(true);
	expect(subjectsOf(await after.entries())[0]).toBe("e");
	await after.stop();
	const again = await house.start();
	expect(await again.verify()).toMatchObject({ whole: false, brokenAt: 2 });
	await again.stop();
});

test("a break is found by the start itself, without anybody asking", async () => {
	const house = auditForTest();
	const before = await house.start();
	for (const id of ["a", "b", "c"]) await before.record(id);
	await before.stop();
	house.put(house.bytes().toString().replace('"on":"a"', '"on":"x"'));
	const after = await house.start();
	await expect.poll(() => after.part.health?.().state).toBe("failing");
	expect(house.said).toContain("the audit log is broken");
	await after.stop();
});

test("last lines cut off are found at start, recorded, and stay found", async () => {
	const house = auditForTest();
	const before = await house.start();
	for (const id of ["a", "b", "c", "d", "e"]) await before.record(id);
	await before.stop();
	house.put(
		house
			.lines()
			.slice(0, 3)
			.map((line) => `${line}\n`)
			.join(""),
	);
	for (let starts = 0; starts < 2; starts++) {
		const after = await house.start();
		await after.record(`after-${starts}`);
		expect(await after.verify()).toMatchObject({ whole: false, brokenAt: 4, reason: expect.stringContaining("reached 5") });
		expect(after.part.health?.()).toMatchObject({ state: "failing" });
		expect((await after.entries({ what: "audit.cut" })).entries).toMatchObject([{ number: 4, input: { from: 4, to: 5 } }]);
		await after.stop();
	}
	// The new chain has long passed the lost number.
	expect(house.lines().length).toBeGreaterThanOrEqual(6);
});

test("a file emptied or removed while stopped is found", async () => {
	for (const meddle of [(file: string) => truncateSync(file, 0), (file: string) => rmSync(file)]) {
		const house = auditForTest();
		const before = await house.start();
		for (const id of ["a", "b"]) await before.record(id);
		await before.stop();
		meddle(house.file);
		const after = await house.start();
		expect(await after.verify()).toMatchObject({ whole: false, brokenAt: 1, entries: 1 });
		expect(subjectsOf(await after.entries())).toHaveLength(1);
		await after.stop();
	}
});

test("a last line that was changed does not stop the start, and what follows is linked to what was known", async () => {
	const house = auditForTest();
	const before = await house.start();
	for (const id of ["a", "b", "c"]) await before.record(id);
	await before.stop();
	const known = JSON.parse(house.lines()[2] as string).hash;
	house.put(house.bytes().toString().replace('"on":"c"', '"on":c'));
	const after = await house.start();
	await after.record("d");
	const verdict = await after.verify();
	expect(verdict).toMatchObject({ whole: false, brokenAt: 3 });
	expect(
		house
			.lines()
			.map((line) => line.includes(`"previous":"${known}"`))
			.at(3),
	).toBe(true);
	await after.stop();
});

test("cutting, replacing or removing the file while it is open is noticed at the next entry, which is recorded all the same", async () => {
	const meddlings: ((file: string) => void)[] = [
		(file) => truncateSync(file, 100),
		(file) => appendFileSync(file, "x"),
		(file) => rmSync(file),
		(file) => {
			const copy = readFileSync(file);
			renameSync(file, `${file}.1`);
			appendFileSync(file, copy.subarray(0, -20));
		},
	];
	for (const meddle of meddlings) {
		const house = auditForTest();
		const audit = await house.start();
		for (const id of ["a", "b", "c"]) await audit.record(id);
		meddle(house.file);
		await audit.record("d");
		expect(JSON.parse(house.lines().at(-1) as string)).toMatchObject({ on: "d", number: 4 });
		expect(audit.part.health?.()).toMatchObject({ state: "failing" });
		expect(await audit.verify()).toMatchObject({ whole: false });
		expect(subjectsOf(await audit.entries())).toContain("d");
		await audit.stop();
	}
});

test("an entry whose line was changed under the index is shown as the index remembers it, and health says so", async () => {
	const house = auditForTest();
	const audit = await house.start();
	for (const id of ["a", "b"]) await audit.record(id);
	await audit.entries();
	house.put(house.bytes().toString().replace('"on":"a"', '"on":"x"'));
	expect((await audit.entries()).entries[1]).toMatchObject({ number: 1, on: "a", code: "audit.unreadable" });
	expect(audit.part.health?.()).toMatchObject({ state: "failing", reason: expect.stringContaining("Entry 1") });
	await audit.stop();
});

test("a records database that is away costs the search, not the record", async () => {
	const house = auditForTest();
	const audit = await house.start();
	await audit.verify();
	await house.db.schema.alterTable("audit_index").renameTo("gone").execute();
	await audit.record("a");
	await expect(audit.entries()).rejects.toThrow();
	expect(audit.part.health?.()).toMatchObject({ state: "degraded" });
	await house.db.schema.alterTable("gone").renameTo("audit_index").execute();
	await house.clock.advance(5000);
	expect(subjectsOf(await audit.entries())).toEqual(["a"]);
	expect(audit.part.health?.()).toMatchObject({ state: "good" });
	await audit.stop();
});

test("nothing is recorded before the start and after the stop, and the caller hears of it", async () => {
	const house = auditForTest();
	const audit = await house.start();
	const last = audit.record("a");
	await audit.stop();
	await last;
	await expect(audit.record("b")).rejects.toMatchObject({ code: "audit.closed", kind: "outage" });
	expect(house.lines()).toHaveLength(1);
	await audit.part.start();
	await audit.record("c");
	expect(await audit.verify()).toMatchObject({ whole: true, entries: 2 });
	await audit.stop();
});

test("more waiting entries than the disk can take are refused, not piled up", async () => {
	const house = auditForTest();
	const audit = await house.start();
	const outcomes = await Promise.allSettled(
		Array.from({ length: 7000 }, (_, i) =>
			audit.trail.record({ who: person, from: "", what: "a.b", input: { id: i }, why: "", outcome: "done", code: "" }),
		),
	);
	const refused = outcomes.filter((one) => one.status === "rejected");
	expect(refused.length).toBeGreaterThan(0);
	expect(refused.every((one) => one.reason.code === "audit.busy")).toBe(true);
	expect(await audit.verify()).toMatchObject({ whole: true, entries: 7000 - refused.length });
	await audit.stop();
});
