import { matchesFilter } from "@millwright/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ClientTalk } from "./client-talk.ts";

test("a machine with thousands of tags is a handful of filters, and nothing it said is lost from the counts", () => {
	const talk = new ClientTalk("gateway", "key_1", () => 1000);
	for (let machine = 0; machine < 40; machine++)
		for (let tag = 0; tag < 50; tag++) talk.on(`udt/line-1/machine-${machine}/tag-${tag}`).messages += 2;
	const { publishes } = talk.describe();
	expect(publishes.length).toBeLessThanOrEqual(100);
	expect(publishes.reduce((sum, { messages }) => sum + messages, 0)).toBe(4000);
	expect(publishes.every(({ filter }) => filter.startsWith("udt/line-1/"))).toBe(true);
});

test("whatever topics a client uses: filters stay few, every topic falls under one, and every message is counted", () => {
	const level = fc.stringMatching(/^[a-z0-9]{0,4}$/);
	const topic = fc
		.array(level, { minLength: 1, maxLength: 5 })
		.map((levels) => levels.join("/"))
		.filter((one) => one !== "");
	fc.assert(
		fc.property(fc.array(topic, { minLength: 1, maxLength: 400 }), (topics) => {
			const talk = new ClientTalk("c", "p", () => 1);
			for (const one of topics) talk.on(one).messages++;
			const { publishes } = talk.describe();
			expect(publishes.length).toBeLessThanOrEqual(100);
			expect(publishes.reduce((sum, { messages }) => sum + messages, 0)).toBe(topics.length);
			for (const one of topics) expect(publishes.some(({ filter }) => matchesFilter(filter, one))).toBe(true);
		}),
		{ numRuns: 60 },
	);
});
