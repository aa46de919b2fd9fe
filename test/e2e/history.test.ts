import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath } from "../kit/chromium.ts";
import { isSound } from "./checks.ts";
import { appears, changes, field, fillIn, goTo, inkOf, keep, patience, says, shown, tellInOrder, vanishes } from "./screens.ts";
import { enter, openStage, type Stage } from "./stage.ts";

const tag = "northworks/building-a/line-1/cnc-1/hardness";
const minute = 60_000;

/** Forty minutes of a laboratory's measurements, as another system writes them. */
function laboratory(until: number): string {
	const rows = Array.from({ length: 41 }, (_, row) => {
		const at = new Date(until - (41 - row) * minute).toISOString();
		return `${at},${tag},${(58 + Math.sin(row / 4)).toFixed(2)}`;
	});
	return `time,tag,value\n${rows.join("\n")}\n`;
}

describe.skipIf(!chromiumPath)("the plant's memory, in a browser (needs Chromium)", { timeout: 60_000 }, () => {
	let stage: Stage;
	let page: Page;
	const panel = (title: string): Locator =>
		page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: title, exact: true }) });
	const chart = (): Locator => page.getByRole("img", { name: /^Trend of / });
	const exploring = `/history?tags=${encodeURIComponent(JSON.stringify([tag]))}`;

	tellInOrder(() => page);
	beforeAll(async () => {
		stage = await openStage("memory");
		const context = await stage.visitor({ acceptDownloads: true });
		await enter(stage, context);
		page = await context.newPage();
	}, 60_000);
	afterAll(() => stage?.close(), 60_000);

	test("a file of another system is chosen, understood, and shown for what it would bring before it does", async () => {
		await page.goto("/history?tab=imports");
		await appears(page.getByText("Nothing was brought in yet."));
		await page.getByRole("button", { name: "Bring in a file" }).click();
		const file = { name: "laboratory.csv", mimeType: "text/csv", buffer: Buffer.from(laboratory(Date.now())) };
		await page.locator("input[type=file]").setInputFiles(file);
		await says(panel("laboratory.csv"), /41 rows[\s\S]*time\s*tag\s*value/);
		await page.getByRole("button", { name: "Show what would come" }).click();
		await appears(page.getByText("41 samples of one tag would be added."));
		await says(page.getByRole("row", { name: new RegExp(tag) }).last(), /new\s*41/);
		const bring = page.getByRole("button", { name: "Bring in 41 samples" });
		expect(await bring.isEnabled()).toBe(false);
		await keep(page, "story-import");
		await isSound(page);
		await fillIn(page, { Reason: "values of the laboratory" });
		await bring.click();
		await says(page.getByRole("row", { name: /laboratory\.csv/ }), /values of the laboratory[\s\S]*Ada[\s\S]*41[\s\S]*Done/);
		await isSound(page);
	});

	test("its samples are drawn as any other's, until the import is undone", async () => {
		await page.goto(exploring);
		await expect.poll(() => inkOf(chart()), patience).toBeGreaterThan(20);
		await says(panel("Figures of this window"), /57[\s\S]*58\.\d+[\s\S]*41\s*100%/);
		await page.getByRole("tab", { name: "Import" }).click();
		await page.getByRole("button", { name: "Undo" }).click();
		const asked = page.getByRole("dialog", { name: /laboratory\.csv/ });
		await says(asked, /41 samples are removed/);
		await fillIn(asked, { Reason: "the wrong samples" });
		await isSound(page);
		await asked.getByRole("button", { name: "Undo" }).click();
		await says(page.getByRole("row", { name: /laboratory\.csv/ }), /Undone/);
		await page.getByRole("tab", { name: "Explore" }).click();
		await expect.poll(async () => /41\s*100%/.test(await shown(page.getByRole("main"))), patience).toBe(false);
	});

	test("the plant is shown as it was at a moment, and plays on from there", async () => {
		const was = panel("As it was");
		await says(was, /CNC 1|Value/);
		await was.getByRole("combobox", { name: "Asset" }).click();
		await page.getByRole("option", { name: "Robot 2" }).click();
		await says(was, /Torque[\s\S]*good/);
		const slider = was.getByRole("slider", { name: "Moment" });
		await slider.focus();
		for (let step = 0; step < 5; step++) await page.keyboard.press("ArrowLeft");
		await was.getByText("1×", { exact: true }).click();
		await was.getByRole("button", { name: "Play" }).click();
		await changes(was.locator(".moment-time"));
		await was.getByText("100×", { exact: true }).click();
		await says(was, /end of the window/);
		await keep(page, "story-moment");
		await isSound(page);
		await was.getByRole("button", { name: "To the beginning of the window" }).click();
		await says(was, /nothing known yet/);
	});

	test("keeping some tags for less long is looked at first, needs a reason, and then holds", async () => {
		await page.getByRole("tab", { name: "Storage" }).click();
		await panel("Kept how long").getByRole("button", { name: "Change" }).click();
		const form = page.getByRole("dialog", { name: /Keep samples how long/ });
		await form.getByRole("button", { name: "Add a rule" }).click();
		await fillIn(form, { "Which tags": "+/+/+/+/vibration", Kept: "30" });
		await form.getByRole("button", { name: "Show what it would do" }).click();
		await says(form, /\+\/\+\/\+\/\+\/vibration[\s\S]*Reason/);
		await keep(page, "story-keep");
		await isSound(page);
		const apply = form.getByRole("button", { name: "Apply" });
		expect(await apply.isEnabled()).toBe(false);
		await field(form, "Reason").fill("thirty days are enough for trends of wear");
		await apply.click();
		await vanishes(form);
		await says(panel("Kept how long"), /\+\/\+\/\+\/\+\/vibration\s*any\s*[1-9]\d*\s*30 days/);
	});

	test("a statement of completeness carries the right checksum", async () => {
		await goTo(page, "Ledger");
		await says(page.getByRole("main"), /Nothing lost/);
		await appears(page.locator(".strip"));
		const [file] = await Promise.all([
			page.waitForEvent("download"),
			page.getByRole("button", { name: "Issue a statement" }).click(),
		]);
		const text = readFileSync(await file.path(), "utf8");
		const before = text.slice(0, text.lastIndexOf("SHA-256,"));
		expect(before).toContain("line-1-plc");
		expect(text.slice(before.length).trim()).toBe(`SHA-256,${createHash("sha256").update(before).digest("hex")}`);
	});

	test("a backup made now is in the list, with the time up to which it holds samples", async () => {
		await goTo(page, "System");
		await appears(page.getByText("No backup lies here"));
		await page.getByRole("button", { name: "Back up now" }).click();
		const asked = page.getByRole("dialog", { name: "Back up now" });
		await says(asked, /copied to .*backup/);
		await asked.getByRole("button", { name: "Back up now" }).click();
		await says(panel("Backups"), /Backed up/);
		await says(panel("Backups").getByRole("table").getByRole("row").nth(1), /by hand[\s\S]*\d+:\d+[\s\S]*MB|by hand[\s\S]*kB/);
		await keep(page, "story-backup");
		await isSound(page);
	});
});
