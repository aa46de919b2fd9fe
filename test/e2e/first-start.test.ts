import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath } from "../kit/chromium.ts";
import { isSound } from "./checks.ts";
import {
	appears,
	card,
	changes,
	fillIn,
	goTo,
	heading,
	keep,
	patience,
	says,
	shown,
	signInOnScreen,
	signOut,
	tellInOrder,
	vanishes,
} from "./screens.ts";
import { openStage, type Stage } from "./stage.ts";

const ada = { login: "ada", name: "Ada Lovelace", password: "notes on the engine" };
const otto = { login: "otto", name: "Otto", password: "a password of my own" };

describe.skipIf(!chromiumPath)("the first day, in a browser (needs Chromium)", { timeout: 60_000 }, () => {
	let stage: Stage;
	let page: Page;
	let operator: BrowserContext;
	let ottos: Page;
	tellInOrder(() => page);
	beforeAll(async () => {
		stage = await openStage("first-start");
		page = await (await stage.visitor()).newPage();
		operator = await stage.visitor();
		ottos = await operator.newPage();
	}, 60_000);
	afterAll(() => stage?.close(), 60_000);

	test("a first start asks for the code from the terminal and refuses a wrong one in plain words", async () => {
		await page.goto("/");
		await appears(heading(page, "Welcome to Millwright"));
		const begin = page.getByRole("button", { name: "Begin" });
		expect(await begin.isEnabled()).toBe(false);
		await fillIn(page, { "One-time code": "AAAA-BBBB-CCCC", "Your name": ada.name, Login: ada.login, Password: "short" });
		await appears(page.getByText("7 more characters"));
		expect(await begin.isEnabled()).toBe(false);
		await fillIn(page, { Password: ada.password });
		await begin.click();
		await says(page.getByRole("alert"), /not the one-time code/i);
		await keep(page, "story-setup");
		await isSound(page);
		await appears(heading(page, "Welcome to Millwright"));
	});

	test("the right code makes the first administrator, who sees the plant live at once", async () => {
		await fillIn(page, { "One-time code": stage.setupCode });
		await page.getByRole("button", { name: "Begin" }).click();
		await appears(card(page, "CNC 1"));
		await changes(card(page, "CNC 1"));
		await appears(page.getByText("live", { exact: true }));
		await says(page.getByRole("main"), /17 of 17/);
	});

	test("after signing out, a wrong password is refused and the right one lets in", async () => {
		await signOut(page);
		await signInOnScreen(page, ada.login, "another one altogether");
		await says(page.getByRole("alert"), /login or password is wrong/i);
		await signInOnScreen(page, ada.login, ada.password);
		await changes(card(page, "Robot 2"));
	});

	test("a page of an empty name says so and offers the way back", async () => {
		await page.goto("/no-such-page");
		await appears(page.getByText("There is no such page"));
		await appears(page.getByRole("navigation", { name: "Navigation" }));
		await page.goto("/assets/northworks/building-a/line-1/cnc-99");
		await appears(page.getByRole("alert"));
	});

	test("the administrator adds an operator, whose first password is shown once", async () => {
		await goTo(page, "Access");
		await page.getByRole("button", { name: "Add a person" }).click();
		const form = page.getByRole("dialog", { name: "Add a person" });
		await fillIn(form, { Name: otto.name, Login: otto.login });
		expect(await form.getByLabel("Operator").isChecked()).toBe(true);
		await isSound(page);
		await form.getByRole("button", { name: "Add" }).click();
		const secret = page.getByRole("dialog", { name: "First password of Otto" });
		await appears(secret.getByText("This is shown once."));
		await isSound(page);
		const first = (await shown(secret.locator(".secret"))).trim();
		expect(first.length).toBeGreaterThanOrEqual(12);
		await secret.getByRole("button", { name: "Done" }).click();
		await vanishes(secret);
		await says(page.getByRole("row", { name: /Otto/ }), /Operator[\s\S]*Must change the password/);
		expect(await page.content()).not.toContain(first);

		await ottos.goto("/");
		await signInOnScreen(ottos, otto.login, first);
		await appears(heading(ottos, "Choose a password of your own"));
		await ottos.goto("/connections");
		await appears(heading(ottos, "Choose a password of your own"));
		await isSound(ottos);
		await fillIn(ottos, { "Password you were given": first, "New password": otto.password });
		await ottos.getByRole("button", { name: "Set password" }).click();
		await appears(heading(ottos, "Connections"));
	});

	test("an operator sees the machines, but not what is not theirs to do", async () => {
		await appears(ottos.getByRole("link", { name: "PLC of line 1" }));
		expect(await ottos.getByRole("link", { name: "Add a machine" }).count()).toBe(0);
		const places = ottos.getByRole("navigation", { name: "Navigation" });
		expect(await places.getByRole("link", { name: "Audit" }).count()).toBe(0);
		await goTo(ottos, "Access");
		await appears(ottos.getByRole("tab", { name: "My account" }));
		expect(await ottos.getByRole("tab", { name: "People" }).count()).toBe(0);
		expect(await ottos.getByRole("tab", { name: "Keys" }).count()).toBe(0);
		await ottos.getByRole("link", { name: "Overview" }).first().click();
		await changes(card(ottos, "CNC 1"));
	});

	test.for(["/audit", "/connections/add"])("an operator who types %s is refused in plain words", async (path) => {
		await ottos.goto(path);
		await says(ottos.getByRole("alert"), /may not|do not allow/);
		expect(await ottos.getByRole("radio", { name: /Modbus/ }).count()).toBe(0);
	});

	test("deactivating somebody asks for a reason and ends their session at once", async () => {
		await page.getByRole("row", { name: /Otto/ }).getByRole("button", { name: "Deactivate" }).click();
		const asked = page.getByRole("dialog", { name: "Deactivate Otto?" });
		await fillIn(asked, { Reason: "left the company" });
		await asked.getByRole("button", { name: "Deactivate" }).click();
		await says(page.getByRole("row", { name: /Otto/ }), /May not sign in/);
		await ottos.goto("/");
		await appears(heading(ottos, "Sign in"));
		await signInOnScreen(ottos, otto.login, otto.password);
		await appears(ottos.getByRole("alert"));
	});

	test("the audit trail tells who did what and why, without secrets, and its chain is whole", async () => {
		await goTo(page, "Audit");
		const rows = page.getByRole("table").getByRole("row");
		await says(rows.filter({ hasText: "Set up the first administrator" }).filter({ hasText: "Done" }), /ada/);
		await says(rows.filter({ hasText: "Add a person" }), /Ada Lovelace[\s\S]*Done/);
		await says(rows.filter({ hasText: "Change a person" }), /Ada Lovelace[\s\S]*left the company[\s\S]*Done/);
		await says(rows.filter({ hasText: "Change own account" }), /Otto/);
		expect(
			await rows
				.filter({ hasText: "Sign in" })
				.filter({ hasText: /Refused|Failed/ })
				.count(),
		).toBeGreaterThanOrEqual(2);
		await rows.getByRole("button", { name: "Change own account" }).first().click();
		const entry = page.getByRole("dialog");
		await says(entry, /access\.updateMe/);
		await isSound(page);
		expect(await shown(entry)).not.toContain(otto.password);
		await entry.getByRole("button", { name: "Close" }).click();
		await page.getByRole("button", { name: "Verify the chain" }).click();
		await appears(page.getByText(/whole, \d+ entries/));
	});

	test("while the server is away the page says so and looks so, and comes back by itself", async () => {
		await goTo(page, "Overview");
		await changes(card(page, "CNC 1"));
		await page.evaluate(() => Object.assign(window, { neverReloaded: true }));
		const number = card(page, "CNC 1").locator(".live-value").first();
		const look = () => number.evaluate((element) => getComputedStyle(element).color);
		const lively = await look();
		await stage.stopServer();
		await appears(page.getByRole("button", { name: /not connected since/ }));
		await expect.poll(look, patience).not.toBe(lively);
		await keep(page, "story-server-away");
		await isSound(page);
		await stage.startServerAgain();
		await vanishes(page.getByRole("button", { name: /not connected since/ }));
		await expect.poll(look, patience).toBe(lively);
		await changes(card(page, "CNC 1"));
		await expect.poll(() => page.getByText("As of").count(), patience).toBe(0);
		expect(await page.evaluate(() => "neverReloaded" in window)).toBe(true);
		await appears(page.getByRole("button", { name: /Ada Lovelace: account/ }));
	});
});
