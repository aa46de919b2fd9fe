import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MillwrightError } from "@millwright/core";
import { afterEach, expect, test } from "vitest";
import * as z from "zod";
import { createClock } from "../clock.ts";
import { section } from "../config-types.ts";
import { silentLog } from "../log.ts";
import { openConfig } from "./config.ts";

const oven = section(
	"oven",
	z.strictObject({ zones: z.record(z.string(), z.strictObject({ setpoint: z.number().max(300) })).default({}) }),
);
const http = section("http", z.strictObject({ port: z.int().default(8080) }));
const folders: string[] = [];

function withFile(text: string) {
	const folder = mkdtempSync(join(tmpdir(), "config-"));
	folders.push(folder);
	const file = join(folder, "millwright.yaml");
	writeFileSync(file, text);
	return { file, folder, open: () => openConfig({ file, sections: [oven, http], log: silentLog, clock: createClock() }) };
}
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const problemsOf = async (run: Promise<unknown>) => {
	const error = await run.then(
		() => undefined,
		(thrown: unknown) => thrown,
	);
	expect(error).toBeInstanceOf(MillwrightError);
	return (error as MillwrightError).data?.problems as { code: string; place: string; hint?: string }[];
};

test("a wrong value is told with its line, column and path", async () => {
	const problems = await problemsOf(withFile("http:\n  port: 80\noven:\n  zones:\n    one:\n      setpoint: 999\n").open());
	expect(problems).toMatchObject([{ code: "config.invalid", place: "millwright.yaml:6:7 oven.zones.one.setpoint" }]);
});

test("an unknown section gets the nearest known one as a hint", async () => {
	const problems = await problemsOf(withFile("ovne: {}\n").open());
	expect(problems).toMatchObject([
		{ code: "config.section-unknown", place: "millwright.yaml:1:1 ovne", hint: 'Did you mean "oven"?' },
	]);
});

test("text that is no YAML is refused with its line", async () => {
	const problems = await problemsOf(withFile("http:\n  port: [1\n").open());
	expect(problems[0]).toMatchObject({ code: "config.yaml-invalid" });
	expect(problems[0]?.place).toMatch(/^millwright\.yaml:\d+:\d+$/);
});

test("an edit keeps comments, tells only its section's listeners and leaves the former text in the history", async () => {
	const { file, folder, open } = withFile(
		"# the plant\noven:\n  zones: # three of them\n    one:\n      setpoint: 100 # checked\n",
	);
	const config = await open();
	const heard: string[] = [];
	config.onChange(
		oven,
		"test",
		(next, previous) => void heard.push(`${previous.zones.one?.setpoint}→${next.zones.two?.setpoint}`),
	);
	config.onChange(http, "test", () => void heard.push("http"));
	const change = await config.apply([{ path: ["oven", "zones", "two"], value: { setpoint: 120 } }], { who: "Ada" });
	expect(heard).toEqual(["100→120"]);
	expect(change.diff).toContain("+    two:");
	expect(readFileSync(file, "utf8")).toContain("# checked");
	expect(readFileSync(file, "utf8")).toContain("# three of them");
	expect(readdirSync(join(folder, "config-history"))).toHaveLength(1);
	expect((await open()).get(oven).zones.two?.setpoint).toBe(120);
});

test("an edit that does not fit changes nothing", async () => {
	const { file, open } = withFile("oven: {}\n");
	const config = await open();
	await problemsOf(config.apply([{ path: ["oven", "zones", "one", "setpoint"], value: 1000 }], { who: "Ada" }));
	expect(readFileSync(file, "utf8")).toBe("oven: {}\n");
	expect(config.get(oven)).toEqual({ zones: {} });
});

test("what was reviewed before somebody else changed it cannot be applied", async () => {
	const config = await withFile("http:\n  port: 80\n").open();
	const { revision } = config.preview([{ path: ["http", "port"], value: 81 }]);
	await config.apply([{ path: ["http", "port"], value: 82 }], { who: "Bo" });
	await expect(config.apply([{ path: ["http", "port"], value: 81 }], { revision, who: "Ada" })).rejects.toMatchObject({
		code: "config.revision-stale",
	});
});

test("a running part's own check refuses what the schema cannot know", async () => {
	const config = await withFile("http:\n  port: 80\n").open();
	config.addCheck(http, "test", ({ port }) => (port < 1024 ? [{ code: "http.port-privileged", message: "needs root" }] : []));
	expect(config.preview([{ path: ["http", "port"], value: 81 }]).problems).toMatchObject([{ code: "http.port-privileged" }]);
	expect(config.preview([{ path: ["http", "port"], value: 8081 }]).problems).toEqual([]);
});

test("a file edited by hand is taken without a restart, and a broken one is not", async () => {
	const { file, open } = withFile("http:\n  port: 80\n");
	const config = await open();
	await config.start();
	const changed = new Promise<number>((resolve) => {
		config.onChange(http, "test", ({ port }) => resolve(port));
	});
	writeFileSync(file, "http:\n  port: nonsense\n");
	writeFileSync(file, "http:\n  port: 90\n");
	expect(await changed).toBe(90);
	await config.stop();
});

test("removing a key that stands twice in a path leaves the rest", async () => {
	const { file, open } = withFile("oven:\n  zones:\n    one:\n      setpoint: 1\n    two:\n      setpoint: 2\n");
	const config = await open();
	await config.apply([{ path: ["oven", "zones", "one"], value: undefined }], { who: "Ada" });
	expect(readFileSync(file, "utf8")).toBe("oven:\n  zones:\n    two:\n      setpoint: 2\n");
});
