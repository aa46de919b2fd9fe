import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClock, createLog, openConfig } from "@millwright/runtime";
import { sections } from "@millwright/server";
import { expect, test } from "vitest";
import { demoYaml } from "../apps/simulator/src/write-demo-config.ts";

const file = join(import.meta.dirname, "..", "millwright.yaml");

test("the configuration at the root is the demo plant's", () => {
	expect(readFileSync(file, "utf8")).toBe(demoYaml());
});

test("it fits the schemas of all packages together", async () => {
	const config = await openConfig({ file, sections, log: createLog({ level: "error" }), clock: createClock() });
	expect(config.preview([]).problems).toEqual([]);
});
