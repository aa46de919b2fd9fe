import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath } from "../kit/chromium.ts";
import { type Language, misfitsOf, settled, strangersOn, violationsOf } from "./checks.ts";
import { keep } from "./screens.ts";
import { complaintsOf, desk, enter, openStage, phone, type Stage } from "./stage.ts";

const cell = "northworks/building-a/process-cell";
const search = (values: Record<string, unknown>): string =>
	new URLSearchParams(
		Object.entries(values).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
	).toString();

/** What stands on each page once it is there, whatever the language. */
const pages: { name: string; path: string; shows: string }[] = [
	{ name: "overview", path: "/", shows: ".asset-card" },
	{ name: "twins", path: "/twins", shows: "table a" },
	{ name: "asset", path: `/assets/${cell}/pump-001`, shows: ".chart canvas" },
	{ name: "connections", path: "/connections", shows: "table a" },
	{ name: "connection", path: "/connections/line-1-plc", shows: ".tag-list li" },
	{ name: "add", path: "/connections/add", shows: "input[type=radio]" },
	{ name: "topic", path: `/namespace?${search({ tag: `${cell}/pump-001/flow-rate` })}`, shows: ".lineage" },
	{ name: "dead-letters", path: "/namespace?tab=letters", shows: ".empty" },
	{ name: "mqtt-clients", path: "/namespace?tab=clients", shows: ".kpi" },
	{ name: "conversations", path: "/namespace?tab=talks", shows: ".empty" },
	{ name: "bridges", path: "/namespace?tab=bridges", shows: ".empty" },
	{
		name: "history",
		path: `/history?${search({ tags: [`${cell}/pump-001/flow-rate`, `${cell}/pump-002/flow-rate`, `${cell}/pump-001/vibration`] })}`,
		shows: ".moment-table td",
	},
	{ name: "history-storage", path: "/history?tab=storage", shows: ".day-bars" },
	{ name: "history-imports", path: "/history?tab=imports", shows: ".empty" },
	{ name: "ledger", path: "/ledger", shows: ".strip" },
	{ name: "edges", path: "/edges", shows: ".first-steps" },
	{ name: "system", path: "/system", shows: ".capacity" },
	{ name: "people", path: "/users?tab=people", shows: "table td" },
	{ name: "roles", path: "/users?tab=roles", shows: "table td" },
	{ name: "keys", path: "/users?tab=keys", shows: ".empty" },
	{ name: "sessions", path: "/users?tab=sessions", shows: "table td" },
	{ name: "my-account", path: "/users?tab=me", shows: "form" },
	{ name: "audit", path: "/audit", shows: "table td" },
	{ name: "nowhere", path: "/no-such-page", shows: "a" },
];

const looks = (["light", "dark"] as const).flatMap((colours) => [
	{ colours, size: desk },
	{ colours, size: phone },
]);

describe.skipIf(!chromiumPath)("every page, in a browser (needs Chromium)", { timeout: 60_000 }, () => {
	let stage: Stage;
	const signedIn: Partial<Record<Language, Page>> = {};
	const outside: Partial<Record<Language, BrowserContext>> = {};
	beforeAll(async () => {
		stage = await openStage("pages");
		const first = await stage.visitor();
		await enter(stage, first);
		for (const [language, locale] of [
			["en", "en-GB"],
			["es", "es-ES"],
		] as const) {
			const context = await stage.visitor({ locale });
			await context.addCookies(await first.cookies());
			signedIn[language] = await context.newPage();
			outside[language] = await stage.visitor({ locale });
		}
	}, 60_000);
	afterAll(() => stage?.close(), 60_000);

	async function lookAt(page: Page, name: string, language: Language): Promise<string[]> {
		const faults: string[] = [];
		for (const { colours, size } of looks) {
			await page.emulateMedia({ colorScheme: colours });
			await page.setViewportSize(size);
			await settled(page);
			const found = [...(await violationsOf(page)), ...(await misfitsOf(page))];
			faults.push(...found.map((fault) => `${colours} ${size.width}: ${fault}`));
			await keep(page, `page-${name}-${language}-${colours}-${size.width}`);
		}
		faults.push(...(await strangersOn(page, language)).map((word) => `in another language: ${word}`));
		return faults;
	}

	describe.for(["en", "es"] as const)("in %s", (language) => {
		test.for(pages)(
			"$name: no complaint, nothing inaccessible, nothing cut or too wide, nothing untranslated",
			async ({ name, path, shows }) => {
				const page = signedIn[language] as Page;
				await page.setViewportSize(desk);
				const complaints = complaintsOf(page);
				await page.goto(path);
				await page.locator(shows).first().waitFor();
				const faults = await lookAt(page, name, language);
				expect([...faults, ...complaints]).toEqual([]);
			},
		);

		test("the door: no complaint, nothing inaccessible, nothing cut or too wide, nothing untranslated", async () => {
			const page = await (outside[language] as BrowserContext).newPage();
			await page.goto("/");
			await page.locator("input[name=login]").waitFor();
			expect(await lookAt(page, "door", language)).toEqual([]);
			await page.close();
		});
	});
});
