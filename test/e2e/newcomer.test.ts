import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath } from "../kit/chromium.ts";
import { isSound } from "./checks.ts";
import {
	appears,
	card,
	changes,
	field,
	figuresOf,
	fillIn,
	goTo,
	heading,
	isHatched,
	keep,
	patience,
	says,
	shown,
	tellInOrder,
	vanishes,
} from "./screens.ts";
import { enter, openStage, type Stage } from "./stage.ts";

/** As the manual of the machine has it; word orders are the newcomer's to find, the maker's own register is not to be read. */
const table = `name;register;type;unit;scale
state;0;uint16;;
status-word;1;uint16;;
pallet-count;2;uint32;{#};
motor-temperature;4;int16;Cel;0.1
layer;5;uint16;;
vibration;10;float32;mm/s;
motor-current;12;float32;A;
vacuum;14;float32;bar;
energy;16;float32;kW.h;
makers-own;18;uint16;;
cycle-time;22;uint16;s;0.1`;

const place = "northworks/building-a/line-3";

describe.skipIf(!chromiumPath)("a newcomer and the spare palletizer, in a browser (needs Chromium)", { timeout: 90_000 }, () => {
	let stage: Stage;
	let page: Page;
	let began = 0;
	const grid = (name: string): Locator => page.getByRole("row").filter({ has: page.locator(`input[value="${name}"]`) });
	const facts = (title: string): Locator =>
		page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: title, exact: true }) });

	tellInOrder(() => page);
	beforeAll(async () => {
		stage = await openStage("newcomer");
		const context = await stage.visitor();
		await enter(stage, context);
		page = await context.newPage();
		await page.goto("/");
		await appears(card(page, "CNC 3"));
	}, 60_000);
	afterAll(() => stage?.close(), 60_000);

	test("says where the machine is", async () => {
		began = performance.now();
		await goTo(page, "Sense");
		await page.getByRole("link", { name: "Add a machine" }).click();
		await appears(heading(page, "Add a machine"));
		await appears(page.getByText("Choose a protocol."));
		await page.getByRole("radio", { name: /Modbus TCP/ }).check();
		await fillIn(page, { Address: "127.0.0.1", Port: String(stage.plant.ports["palletizer-9"]) });
		await fillIn(page, { "Read every": "soon" });
		await appears(page.getByText("Write the pace as 250ms, 1s or 1min."));
		await fillIn(page, { "Read every": "250ms" });
		await page.getByRole("button", { name: "Next" }).click();
	});

	test("pastes the register table and tests it; what the machine refuses is said beside the row", async () => {
		await page.getByRole("button", { name: "Paste a table" }).click();
		const paste = page.getByRole("dialog", { name: "Paste a table" });
		await field(paste, "Paste a table").fill(table);
		await appears(paste.getByText("11 rows found"));
		await isSound(page);
		await paste.getByRole("button", { name: "Take 11 rows" }).click();
		await vanishes(paste);
		await page.getByRole("button", { name: "Test read" }).click();
		await says(grid("motor-temperature"), /ABCD\s*\d\d(\.\d)?\s/);
		await says(grid("makers-own"), /exception|refused|illegal|address/i);
		await keep(page, "story-test-read");
		await isSound(page);
		await page.getByRole("button", { name: "Remove the row makers-own" }).click();
		await vanishes(grid("makers-own"));
	});

	test("sees the same bytes in every order and takes the one that makes sense", async () => {
		const orders = grid("vibration").getByRole("group", { name: "The same bytes in every order" });
		const offered = await orders.getByRole("button").allInnerTexts();
		expect(offered).toHaveLength(4);
		// A machine shakes with some mm/s; the other orders give figures far beyond or next to nothing.
		const sensible = offered.filter((text) => {
			const value = Number(text.split(/\s/).at(-1)?.replaceAll(",", ""));
			return value > 0.05 && value < 25;
		});
		expect(sensible).toHaveLength(1);
		const [name = ""] = (sensible[0] as string).split(/\s/);
		expect(name).toBe("CDAB");
		await orders.getByRole("button", { name }).click();
		for (const tag of ["vibration", "motor-current", "vacuum", "energy"])
			expect(await grid(tag).getByRole("button", { name, pressed: true }).count()).toBe(1);
		expect(await grid("pallet-count").getByRole("button", { name: "ABCD", pressed: true }).count()).toBe(1);
		await page.getByRole("button", { name: "Next" }).click();
	});

	test("gives it a name and a place; the template that fits comes first", async () => {
		await fillIn(page, { "Name of the machine": "Palletizer 9" });
		await page.getByRole("combobox", { name: "Place" }).fill(place);
		await page.keyboard.press("Escape");
		await page.getByRole("combobox", { name: "Template" }).click();
		await page.getByRole("option", { name: /Palletizer \(10 of 10 tags fit\)/ }).click();
		await appears(page.getByText(`${place}/palletizer-9/vibration`));
		await keep(page, "story-place");
		await isSound(page);
		await page.getByRole("button", { name: "Review", exact: true }).click();
	});

	test("reviews the difference, applies it and sees live values on the new asset", async () => {
		const review = page.getByRole("main");
		await says(review, /\+\s*palletizer-9:/);
		await says(review, new RegExp(`The asset ${place}/palletizer-9 appears on the overview`));
		await keep(page, "story-review");
		await isSound(page);
		await page.getByRole("button", { name: "Apply" }).click();
		await appears(page.getByRole("link", { name: "Open the asset" }));
		await says(page.getByRole("row", { name: /motor-temperature/ }), /°C[\s\S]*good/);
		await keep(page, "story-live");
		await isSound(page);
		await page.getByRole("link", { name: "Open the asset" }).click();
		await appears(heading(page, "Palletizer 9"));
		await says(page.getByRole("row", { name: /Vibration/ }), /mm\/s[\s\S]*good/);
		await changes(page.getByRole("row", { name: /Vibration/ }).locator(".live-value"));
		console.log(`the newcomer took ${((performance.now() - began) / 1000).toFixed(1)} s from the overview to a live machine`);
	});

	test("pulls its plug: the asset looks not connected everywhere, with the time of its last good value and a reason", async () => {
		await stage.plant.control("/network", { target: "palletizer-9", action: "cut" });
		const main = page.getByRole("main");
		await says(main, /Not connected since \d/);
		await says(page.getByRole("row", { name: /Vibration/ }), /bad, not connected/);
		await expect.poll(() => isHatched(page.locator(".asset-strip .panel")), patience).toBe(true);

		await keep(page, "story-cut-asset");
		await isSound(page);
		await goTo(page, "Overview");
		await says(card(page, "Palletizer 9"), /Not connected since \d/);
		expect(await isHatched(card(page, "Palletizer 9"))).toBe(true);
		expect(await isHatched(card(page, "CNC 3"))).toBe(false);
		await says(main, /17 of 18/);
		await card(page, "Palletizer 9").scrollIntoViewIfNeeded();
		await keep(page, "story-cut-overview");
		await isSound(page);

		await goTo(page, "Sense");
		const row = page.getByRole("row", { name: /Palletizer 9/ });
		await says(row, /Not connected/);
		await says(row, /10 bad/);
		await says(row.locator(".connection-reason"), /\w+/);
		await keep(page, "story-cut-connections");
		await isSound(page);
		console.log(`the reason given: ${(await shown(row.locator(".connection-reason"))).replaceAll("\n", " ")}`);
		await says(page.getByRole("row", { name: /PLC of line 3/ }), /Connected[\s\S]*33 good/);
	});

	test("puts the plug back: it recovers by itself, and the ledger is even", async () => {
		await stage.plant.control("/network", { target: "palletizer-9", action: "restore" });
		await page.getByRole("link", { name: "Palletizer 9" }).click();
		await says(page.getByRole("main"), /Connections ·\s*●\s*Connected/);
		await says(facts("Freshness"), /^Freshness\s*10 good$/);
		const ledger = facts("Ledger");
		const { Stored = -1, "Sent by the edge": sent = -1, "Under way": underWay = -1, Lost } = await figuresOf(ledger);
		expect(Lost).toBe(0);
		// What is stored is under way until the history's receipt has come.
		expect(Stored).toBeLessThanOrEqual(sent);
		expect(Stored + underWay).toBeGreaterThanOrEqual(sent);

		// With the machine at rest the count must come out even and stay so.
		await page.getByRole("button", { name: "Pause" }).click();
		const asked = page.getByRole("dialog", { name: "Pause Palletizer 9?" });
		await says(asked, /enabled: false/);
		await isSound(page);
		await fillIn(asked, { Reason: "counting the ledger" });
		await asked.getByRole("button", { name: "Pause" }).click();
		await vanishes(asked);
		await says(page.getByRole("main"), /Connections ·\s*–\s*Paused/);
		await expect.poll(async () => (await figuresOf(ledger))["Under way"], patience).toBe(0);
		const even = await figuresOf(ledger);
		expect(even.Stored).toBeGreaterThan(50);
		expect(even).toMatchObject({ "Sent by the edge": even.Stored, Received: even.Stored, Lost: 0, "Twice, dropped": 0 });

		await page.getByRole("button", { name: "Resume" }).click();
		await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
		await says(page.getByRole("main"), /Connections ·\s*●\s*Connected/);
		await goTo(page, "Overview");
		await changes(card(page, "Palletizer 9"));
		await says(facts("Nothing lost"), /Lost · twice\s*0 · 0/);
	});

	test("the audit trail lists the machine's way into the plant", async () => {
		await goTo(page, "Audit");
		const rows = page.getByRole("table").getByRole("row");
		for (const deed of ["Test read", "Preview a connection change", "Change a connection", "Add assets"])
			await says(rows.filter({ hasText: deed }), /Ada[\s\S]*Done/);
		await says(rows.filter({ hasText: "counting the ledger" }), /Change a connection[\s\S]*palletizer-9/);
		await page.getByRole("button", { name: "Verify the chain" }).click();
		await appears(page.getByText(/whole, \d+ entries/));
	});
});
