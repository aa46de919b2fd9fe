import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { person } from "./audit-for-test.ts";
import { canonicalJson } from "./canonical-json.ts";
import { type Head, link, noEntry } from "./chain.ts";
import { factsOf } from "./facts.ts";
import { verifyAuditFile } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "millwright-verify-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "audit.jsonl");

function chainOf(count: number): { text: Buffer; heads: Head[]; lines: string[] } {
	const heads = [noEntry];
	const lines: string[] = [];
	for (let i = 1; i <= count; i++) {
		const input = { id: `thing-${i}`, label: `Größe ${i} ✓`, value: i / 7, list: [true, null, { deep: "\n" }] };
		const { entry, line } = link(
			heads.at(-1) as Head,
			factsOf({ who: person, from: "cli", what: "a.b", input, why: "so", outcome: "done", code: "" }, i),
		);
		heads.push({ number: entry.number, hash: entry.hash });
		lines.push(line);
	}
	return { text: Buffer.from(lines.map((line) => `${line}\n`).join("")), heads, lines };
}
const verdictOf = (bytes: Buffer | string, options?: Parameters<typeof verifyAuditFile>[1]) => {
	writeFileSync(file, bytes);
	return verifyAuditFile(file, options);
};
const join2 = (lines: string[]) => lines.map((line) => `${line}\n`).join("");

test("an untouched chain is whole, an empty one too, and a missing file is an error", async () => {
	const { text, heads } = chainOf(5);
	expect(await verdictOf(text)).toEqual({ whole: true, entries: 5, head: heads[5]?.hash });
	expect(await verdictOf("")).toEqual({ whole: true, entries: 0, head: noEntry.hash });
	await expect(verifyAuditFile(join(folder, "nowhere"))).rejects.toMatchObject({ code: "audit.file-missing", kind: "missing" });
});

test("any single changed byte is found, at the entry it is in", async () => {
	const { text } = chainOf(4);
	await fc.assert(
		fc.asyncProperty(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }), async (place, flip) => {
			const changed = Buffer.from(text);
			changed[place] = (changed[place] as number) ^ flip;
			const number = text.subarray(0, place).filter((byte) => byte === 10).length + 1;
			expect(await verdictOf(changed)).toMatchObject({
				whole: false,
				brokenAt: number,
				entries: number - 1,
				reason: expect.any(String),
			});
		}),
		{ numRuns: 500 },
	);
});

test("a member added or taken out anywhere is found, however well it is written", async () => {
	const { lines } = chainOf(3);
	const meddlings: ((entry: Record<string, unknown>) => void)[] = [
		(entry) => Object.assign(entry, { extra: 1 }),
		(entry) => Object.assign(entry.who as object, { extra: 1 }),
		(entry) => Object.assign(entry.input as object, { extra: 1 }),
		(entry) => delete (entry.input as Record<string, unknown>).value,
		(entry) => delete entry.why,
	];
	for (const meddle of meddlings) {
		const entry = JSON.parse(lines[1] as string);
		meddle(entry);
		expect(await verdictOf(join2([lines[0] as string, canonicalJson(entry), lines[2] as string]))).toMatchObject({
			whole: false,
			brokenAt: 2,
		});
	}
});

test("a byte taken out or put in is found", async () => {
	const { text } = chainOf(3);
	await fc.assert(
		fc.asyncProperty(fc.nat(text.length - 1), fc.nat(255), async (place, byte) => {
			const without = Buffer.concat([text.subarray(0, place), text.subarray(place + 1)]);
			expect((await verdictOf(without)).whole).toBe(false);
			const withMore = Buffer.concat([text.subarray(0, place), Buffer.of(byte), text.subarray(place)]);
			if (!withMore.equals(text)) expect((await verdictOf(withMore)).whole).toBe(false);
		}),
		{ numRuns: 200 },
	);
});

test("lines left out, doubled or swapped are found where it begins", async () => {
	const { lines } = chainOf(6);
	const [a, b, c, d, e, f] = lines as [string, string, string, string, string, string];
	expect(await verdictOf(join2([a, b, d, e, f]))).toMatchObject({ whole: false, brokenAt: 3 });
	expect(await verdictOf(join2([a, b, b, c, d]))).toMatchObject({ whole: false, brokenAt: 3 });
	expect(await verdictOf(join2([a, c, b, d]))).toMatchObject({ whole: false, brokenAt: 2 });
	expect(await verdictOf(join2([b, c, d]))).toMatchObject({ whole: false, brokenAt: 1 });
});

test("an entry rewritten with a fresh hash is found by the one behind it", async () => {
	const { lines, heads } = chainOf(4);
	const forged = link(
		heads[1] as Head,
		factsOf({ who: person, from: "cli", what: "a.b", input: { id: "other" }, why: "", outcome: "done", code: "" }, 2),
	);
	expect(await verdictOf(join2([lines[0] as string, forged.line, ...lines.slice(2)]))).toMatchObject({
		whole: false,
		brokenAt: 3,
	});
});

test("the same entry in other bytes is a change", async () => {
	const { lines } = chainOf(2);
	const spaced = JSON.stringify(JSON.parse(lines[0] as string), null, 1).replaceAll("\n", "");
	expect(await verdictOf(join2([spaced, lines[1] as string]))).toMatchObject({
		whole: false,
		brokenAt: 1,
		reason: "The line is not written as it was",
	});
});

test("a cut end looks whole by itself and is found by an anchor, and so is a rewritten one", async () => {
	const { lines, heads } = chainOf(6);
	const anchors = [{ ...(heads[6] as Head), atMs: 0 }];
	expect(await verdictOf(join2(lines.slice(0, 4)))).toMatchObject({ whole: true, entries: 4 });
	expect(await verdictOf(join2(lines.slice(0, 4)), { anchors })).toMatchObject({ whole: false, entries: 4, brokenAt: 5 });
	expect(await verdictOf("", { anchors })).toMatchObject({ whole: false, entries: 0, brokenAt: 1 });
	const forged = link(
		heads[5] as Head,
		factsOf({ who: person, from: "cli", what: "a.b", input: {}, why: "", outcome: "done", code: "" }, 2),
	);
	expect(await verdictOf(join2([...lines.slice(0, 5), forged.line]), { anchors })).toMatchObject({ whole: false, brokenAt: 6 });
	expect(await verdictOf(join2(lines), { anchors })).toMatchObject({ whole: true, entries: 6 });
});

test("a file without a single newline is refused without being read into memory whole", async () => {
	expect(await verdictOf(Buffer.alloc(5_000_000, 120))).toMatchObject({ whole: false, brokenAt: 1 });
});

test("only what was durable at the call is read", async () => {
	const { text, lines } = chainOf(3);
	const until = Buffer.byteLength(`${lines[0]}\n${lines[1]}\n`);
	expect(await verdictOf(text, { until })).toMatchObject({ whole: true, entries: 2 });
	expect(await verdictOf(text, { until: 0 })).toMatchObject({ whole: true, entries: 0 });
});
