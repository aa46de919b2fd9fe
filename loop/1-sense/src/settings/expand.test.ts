import fc from "fast-check";
import { expect, test } from "vitest";
import { ConnectionSettings, MachineMap, Pipeline } from "../api.ts";
import { expandTags } from "./expand.ts";

function pipelineOf(under: unknown, own: unknown): Pipeline {
	const map = MachineMap.parse({
		driver: "blocks",
		...(under === undefined ? {} : { pipeline: under }),
		tags: { speed: { address: { register: 1 }, ...(own === undefined ? {} : { pipeline: own }) } },
	});
	const connection = ConnectionSettings.parse({
		driver: "blocks",
		settings: {},
		machines: [{ asset: "plant/press", map: "press" }],
	});
	const { tags, problems } = expandTags(connection, { press: map });
	expect(problems).toEqual([]);
	return (tags[0] as (typeof tags)[number]).settings.pipeline;
}

const all = { by: "all" };
const door = { by: "swinging-door", deviation: 2 };

test.each([
	["nothing anywhere does nothing", undefined, undefined, { scale: 1, offset: 0, pass: all }],
	["the map shows through", { scale: 0.1, offset: 5, pass: door }, undefined, { scale: 0.1, offset: 5, pass: door }],
	["a tag may undo the scale", { scale: 0.1, offset: 5 }, { scale: 1 }, { scale: 1, offset: 5, pass: all }],
	["a tag may undo the offset", { scale: 0.1, offset: 5 }, { offset: 0 }, { scale: 0.1, offset: 0, pass: all }],
	["a tag may pass everything", { pass: door }, { pass: all }, { scale: 1, offset: 0, pass: all }],
	[
		"a stage is replaced as a whole",
		{ range: { min: 0, max: 9, outside: "drop" } },
		{ range: { max: 5 } },
		{ scale: 1, offset: 0, pass: all, range: { max: 5, outside: "uncertain" } },
	],
])("a pipeline over its map's: %s", (_what, under, own, laid) => {
	expect(pipelineOf(under, own)).toEqual(laid);
});

test("whatever is written down stands: the tag's own first, then the map's, then nothing done", () => {
	const stages = fc.record(
		{
			scale: fc.constantFrom(1, 0, 0.1, -2),
			offset: fc.constantFrom(0, 4),
			round: fc.constantFrom(0, 3),
			fromUnit: fc.constantFrom("bar", "kPa"),
			rate: fc.record({ perSecond: fc.constantFrom(1, 7), outside: fc.constantFrom("drop", "bad") }),
			stuckAfter: fc.constantFrom(1000, 60_000),
			pass: fc.constantFrom(all, door, { by: "deadband" }, { by: "summary", window: 1000 }),
		},
		{ requiredKeys: [] },
	);
	fc.assert(
		fc.property(stages, stages, (under, own) => {
			expect(pipelineOf(under, own)).toEqual({ ...Pipeline.parse({}), ...under, ...own });
		}),
	);
});
