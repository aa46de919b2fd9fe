import { readFileSync } from "node:fs";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath } from "../kit/chromium.ts";
import { isSound } from "./checks.ts";
import { appears, card, changes, goTo, heading, inkOf, keep, patience, says, tellInOrder } from "./screens.ts";
import { enter, openStage, type Stage } from "./stage.ts";

const cell = "northworks/building-a/process-cell";
const pump = "Pump 001 · tempering loop";

describe.skipIf(!chromiumPath)("watching the plant, in a browser (needs Chromium)", { timeout: 60_000 }, () => {
	let stage: Stage;
	let page: Page;
	const panel = (title: string): Locator =>
		page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: title, exact: true }) });
	const chart = (name: string): Locator => page.getByRole("img", { name: new RegExp(`^Trend of ${name}`) });
	const search = (): URLSearchParams => new URL(page.url()).searchParams;

	tellInOrder(() => page);
	beforeAll(async () => {
		stage = await openStage("watching");
		const context = await stage.visitor({ acceptDownloads: true });
		await enter(stage, context);
		page = await context.newPage();
		await page.goto("/");
		await appears(card(page, pump));
	}, 60_000);
	afterAll(() => stage?.close(), 60_000);

	test("a quiet plant is a quiet screen", async () => {
		await says(panel("Limits now"), /Nothing is beyond a limit/);
		expect(await page.getByText(/^(Critical|High)$/).count()).toBe(0);
		await says(page.getByRole("region").first().or(page.locator("section.place").first()), /Line 1/);
	});

	test("a pump that cavitates comes first, with a shape, a word, and what is beyond which limit", async () => {
		await stage.plant.control("/fault", { machine: "pump-001", fault: "cavitation", severity: 1, minutes: 0 });
		await says(panel("Limits now"), /Critical\s*Pump 001[\s\S]*Inlet pressure \(absolute\) far too low, limit 0\.6/);
		await says(page.locator("section.place").first(), /Process cell[\s\S]*abnormal/);
		await says(card(page, pump), /Inlet pressure \(absolute\) far too low/);
		await appears(card(page, pump).getByText("Critical"));
		expect(await card(page, pump).locator("svg path").first().getAttribute("d")).toMatch(/Z$/);
		await appears(page.getByRole("link", { name: /\d critical limits?, show/ }));
		await says(page.getByRole("main"), /1 abnormal/);
		await says(panel("Limits now").getByRole("listitem").first(), /^Critical/);
		await keep(page, "story-critical");
		await isSound(page);
	});

	test("the list of twins begins with it, and its own page shows the event", async () => {
		await goTo(page, "Twins");
		await says(page.getByRole("table").getByRole("row").nth(1), /Critical[\s\S]*Pump 001/);
		await page.getByRole("link", { name: pump }).click();
		await appears(heading(page, pump));
		await says(panel("Limit events"), /Critical\s*Inlet pressure \(absolute\) far too low[\s\S]*still so/);
		await says(page.getByRole("row", { name: /Inlet pressure/ }), /0\.\d+ bar/);
		await keep(page, "story-event");
		await isSound(page);
	});

	test("after the repair it clears by itself, and the event says how long it lasted", async () => {
		await stage.plant.control("/repair", { machine: "pump-001" });
		await says(panel("Limit events"), /Inlet pressure \(absolute\) far too low[\s\S]*for \d/);
		await expect.poll(() => panel("Limit events").getByText("still so").count(), { timeout: 30_000 }).toBe(0);
		await goTo(page, "Overview");
		await says(panel("Limits now"), /Nothing is beyond a limit/);
		await says(page.locator("section.place").first(), /Line 1/);
	});

	test("an asset's trends are drawn, zoomed by keys, moved to a year and back", async () => {
		await page.goto(`/assets/${cell}/pump-001`);
		await appears(chart("Flow"));
		await expect.poll(() => inkOf(chart("Flow")), patience).toBeGreaterThan(5);
		await chart("Flow").focus();
		await page.keyboard.press("+");
		await page.keyboard.press("+");
		await expect.poll(() => Number(search().get("until")) - Number(search().get("from")), patience).toBe(900_000);
		await page.keyboard.press("ArrowLeft");
		await expect.poll(() => Number(search().get("until")), patience).toBeLessThan(Date.now() - 180_000);
		await page.keyboard.press("-");
		await expect.poll(() => Number(search().get("until")) - Number(search().get("from")), patience).toBe(1_800_000);
		await page.getByRole("button", { name: "Back to live" }).click();
		await page.getByRole("button", { name: "Last hour" }).click();
		await page.getByRole("menuitem", { name: "Last year" }).click();
		await expect.poll(() => search().get("range"), patience).toBe("1y");
		await appears(page.getByRole("button", { name: "Last year" }));
		await expect.poll(() => page.locator(".trend-stack.waiting").count(), patience).toBe(0);
		await expect.poll(() => inkOf(chart("Flow")), patience).toBeGreaterThan(0);
		await chart("Flow").scrollIntoViewIfNeeded();
		await keep(page, "story-year");
		await isSound(page);
		await page.getByRole("button", { name: "Last year" }).click();
		await page.getByRole("menuitem", { name: "Last 15 minutes" }).click();
		await expect.poll(() => inkOf(chart("Flow")), patience).toBeGreaterThan(20);
		await keep(page, "story-trends");
		await isSound(page);
		await changes(panel("Trends").locator(".trend-now").first());
	});

	test("a tag of another machine is laid beside them and its samples go out as CSV", async () => {
		await page.getByRole("button", { name: "Add a tag" }).click();
		await page.getByLabel("Words of a tag's name").fill("cnc-1 vibration");
		await page.getByRole("option", { name: /line-1\/cnc-1\/vibration/ }).click();
		await appears(page.getByRole("button", { name: /Remove .*cnc-1\/vibration from the trends/ }));
		await expect.poll(() => page.getByRole("img", { name: /^Trend of / }).count(), patience).toBe(5);
		await expect.poll(() => inkOf(page.getByRole("img", { name: /^Trend of / }).last()), patience).toBeGreaterThan(20);
		await keep(page, "story-compared");
		await isSound(page);
		const [file] = await Promise.all([
			page.waitForEvent("download"),
			page
				.getByRole("button", { name: "Export" })
				.click()
				.then(() => page.getByRole("menuitem", { name: "CSV" }).click()),
		]);
		expect(file.suggestedFilename()).toMatch(/\.csv$/);
		const [head, ...rows] = readFileSync(await file.path(), "utf8")
			.trim()
			.split("\n");
		expect(head).toMatch(/tag/i);
		expect(rows.length).toBeGreaterThan(20);
		expect(rows.some((row) => row.includes("cnc-1/vibration"))).toBe(true);
		expect(rows.some((row) => row.includes(`${cell}/pump-001/flow-rate`))).toBe(true);
	});

	test("the topic tree opens down to a tag: value, quality, age, payload, and the way from the register", async () => {
		await goTo(page, "Namespace");
		const node = (name: string): Locator => page.getByRole("treeitem", { name: new RegExp(`^${name}\\b(?!-)`) });
		for (const level of ["building-a", "line-2", "robot-2"]) await node(level).click();
		await changes(node("axis-torque").locator(".tree-value"));
		await node("axis-torque").click();
		await appears(page.getByText("udt/northworks/building-a/line-2/robot-2/axis-torque"));
		const main = page.getByRole("main");
		await says(main, /Value[\s\S]*good[\s\S]*Age[\s\S]*(now|ago)[\s\S]*Pace/);
		await says(panel("Payload"), /"timestamp": "\d{4}-[\s\S]*"measurement"[\s\S]*"quality": "Good"/i);
		await says(panel("Where it comes from"), /Modbus|modbus/);
		await says(panel("Where it comes from"), /Address[\s\S]*holding[\s\S]*Connection[\s\S]*Decode[\s\S]*Result/i);
		await keep(page, "story-topic");
		await isSound(page);
	});

	test("the tree is walked by keys and searched by words", async () => {
		const tree = page.getByRole("tree", { name: "Topics" });
		await tree.focus();
		await page.keyboard.press("Home");
		await page.keyboard.press("ArrowLeft");
		await expect.poll(() => page.getByRole("treeitem").count(), patience).toBe(1);
		await page.keyboard.press("ArrowRight");
		await expect.poll(() => page.getByRole("treeitem").count(), patience).toBeGreaterThan(1);
		await page.getByLabel("Find tags by their words").fill("pump efficiency 002");
		await says(page.getByRole("main"), /1 tag found/);
		await page.getByRole("button", { name: /pump-002\/efficiency/ }).click();
		await appears(page.getByText(`udt/${cell}/pump-002/efficiency`));
	});

	test("Ctrl K finds a machine by part of its name", async () => {
		await page.keyboard.press("Control+k");
		await page.getByRole("combobox", { name: /Find an asset/ }).fill("curing");
		await appears(page.getByRole("option", { name: /Curing oven 7/ }));
		await isSound(page);
		await page.keyboard.press("Enter");
		await appears(heading(page, "Curing oven 7"));
	});
});
