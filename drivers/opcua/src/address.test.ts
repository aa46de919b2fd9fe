import fc from "fast-check";
import { expect, test } from "vitest";
import { Address, describe, keyOf, parseNodeId, parsePath, writeNodeId, writeStep } from "./address.ts";

test("node ids are understood by number and by URI", () => {
	expect(parseNodeId("i=85")).toEqual({ namespace: 0, identifier: "i=85" });
	expect(parseNodeId("ns=2;s=CNC1.Speed")).toEqual({ namespace: 2, identifier: "s=CNC1.Speed" });
	expect(parseNodeId("nsu=http://plant.example/ua;s=a;b=c")).toEqual({
		namespace: "http://plant.example/ua",
		identifier: "s=a;b=c",
	});
	expect(parseNodeId("nsu=urn:a%3Bb%25;i=1")).toEqual({ namespace: "urn:a;b%", identifier: "i=1" });
	for (const wrong of ["", "85", "ns=2", "ns=2;x=1", "ns=99999;i=1", "ns=2;g=12", "i=abc", "ns=a;i=1", "b=%%"])
		expect(parseNodeId(wrong), wrong).toBeUndefined();
});

test("a written node id is understood as the same", () => {
	const written = fc.record({
		namespace: fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.string({ minLength: 1, maxLength: 40 })),
		identifier: fc.oneof(
			fc.nat().map((n) => `i=${n % 4_000_000_000}`),
			fc.stringMatching(/^[^\0\n]{1,30}$/).map((text) => `s=${text}`),
		),
	});
	fc.assert(
		fc.property(written, (node) => {
			expect(parseNodeId(writeNodeId(node))).toEqual(node);
		}),
	);
});

test("paths are understood with numbers, without, and with names that hold slashes", () => {
	expect(parsePath("/2:Line1/Speed")).toEqual([
		{ namespace: 2, name: "Line1" },
		{ namespace: undefined, name: "Speed" },
	]);
	expect(parsePath("/3:A&/B&:C")).toEqual([{ namespace: 3, name: "A/B:C" }]);
	expect(parsePath("/CNC.1")).toEqual([{ namespace: undefined, name: "CNC.1" }]);
	for (const wrong of ["", "Line1", "/", "//a", "/a/", "/2:", "/a//b", "/x".repeat(65)])
		expect(parsePath(wrong), wrong).toBeUndefined();
});

test("a written path is understood as the same", () => {
	const steps = fc.array(
		fc.record({
			namespace: fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 65_535 })),
			name: fc.string({ minLength: 1, maxLength: 20 }),
		}),
		{ minLength: 1, maxLength: 6 },
	);
	fc.assert(
		fc.property(steps, (path) => {
			expect(parsePath(path.map(writeStep).join(""))).toEqual(path);
		}),
	);
});

test("no text makes a parser throw", () => {
	fc.assert(
		fc.property(fc.string({ maxLength: 200 }), (text) => {
			parseNodeId(text);
			parsePath(text);
			parsePath(`/${text}`);
			parseNodeId(`ns=1;${text}`);
		}),
		{ numRuns: 1000 },
	);
});

test("an address has either a node or a path, and says which", () => {
	expect(Address.safeParse({}).success).toBe(false);
	expect(Address.safeParse({ node: "i=1", path: "/a" }).success).toBe(false);
	expect(Address.safeParse({ node: "i=1", namespace: "urn:a" }).success).toBe(false);
	expect(describe(Address.parse({ node: "ns=2;s=X" }))).toBe("node ns=2;s=X");
	const path = Address.parse({ path: "/Line1/Speed", namespace: "urn:plant" });
	expect(describe(path)).toBe("path /Line1/Speed in urn:plant");
	expect(keyOf(path)).not.toBe(keyOf(Address.parse({ path: "/Line1/Speed" })));
});
