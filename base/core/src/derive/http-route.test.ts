import { expect, test } from "vitest";
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import { Duration } from "../duration.ts";
import { httpRoute, routesOf } from "./http-route.ts";

const read = (input: z.ZodType) => httpRoute(operation({ summary: "", path: "/twin/state", input, output: z.any() }));

test("a read with a flat input is a GET below /api", () => {
	expect(read(z.object({ asset: z.string(), limit: z.int().default(5), tags: z.array(z.string()).optional() }))).toEqual({
		method: "GET",
		path: "/api/twin/state",
	});
	expect(read(z.object({})).method).toBe("GET");
	expect(read(z.object({ how: z.enum(["a", "b"]), on: z.boolean(), is: z.literal(["x", "y"]) })).method).toBe("GET");
});

test.each([
	["an object inside", z.object({ range: z.object({ from: z.number() }) })],
	["a list of objects", z.object({ all: z.array(z.object({})) })],
	["a list of lists", z.object({ all: z.array(z.array(z.number())) })],
	["null", z.object({ limit: z.number().nullable() })],
	["a union of unlike things", z.object({ every: Duration })],
	["a record", z.object({ facts: z.record(z.string(), z.string()) })],
	["anything at all", z.object({ what: z.unknown() })],
	["loose extra fields", z.looseObject({ a: z.string() })],
	["no object", z.array(z.string())],
])("a read with %s is a POST", (_, input) => {
	expect(read(input).method).toBe("POST");
});

test("a write is a POST even with a flat input, and carries its full name", () => {
	const api = { close: operation({ summary: "", path: "/act/close", effect: "write", input: z.object({}), output: z.any() }) };
	expect(routesOf("act", api)).toMatchObject([{ name: "act.close", route: { method: "POST", path: "/api/act/close" } }]);
});
