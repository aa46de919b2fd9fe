import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterEach, beforeEach, expect } from "vitest";
import { pictures } from "./stage.ts";

/** The tests of a story stand on each other: after a broken one, whose screen is kept, the rest would only wait. */
export function tellInOrder(page: () => Page | undefined): void {
	beforeEach(({ task, skip }) => {
		if (task.suite?.tasks.some((earlier) => earlier.result?.state === "fail")) skip("an earlier step failed");
	});
	afterEach(async ({ task }) => {
		if (task.result?.state !== "fail") return;
		const name = `failed-${task.name.replaceAll(/[^a-z0-9]+/gi, "-").slice(0, 80)}.png`;
		console.log(`the screen it failed on: ${page()?.url()}`);
		await page()?.screenshot({ path: join(pictures, name) });
	});
}

/** Long enough for two cores that do other things as well; nothing waits longer than its fact takes. */
export const patience = { timeout: 15_000 } as const;

export const appears = (locator: Locator): Promise<void> => locator.first().waitFor({ state: "visible", ...patience });
export const vanishes = (locator: Locator): Promise<void> => locator.first().waitFor({ state: "hidden", ...patience });

/** What a person reads there: lines as they are laid out, nothing that is hidden. */
// biome-ignore lint/performance/useDomNodeTextContent: what is on screen is what these tests are about
export const shown = (locator: Locator): Promise<string> => locator.first().innerText();

/** The text of a place on screen becomes this. */
export const says = (locator: Locator, words: RegExp): Promise<void> =>
	expect.poll(() => shown(locator), patience).toMatch(words);

/** The numbers on it live: its text differs from what it is now. */
export async function changes(locator: Locator): Promise<void> {
	const before = await shown(locator);
	await expect.poll(() => shown(locator), patience).not.toBe(before);
}

/** Names and figures of a list of facts, all of one moment. */
export async function figuresOf(place: Locator): Promise<Record<string, number>> {
	const text = await shown(place.locator("dl"));
	const pairs = text.matchAll(/^([A-Z][^\n]*)\n+([\d.,-]+)$/gm);
	return Object.fromEntries([...pairs].map(([, name = "", figure = ""]) => [name, Number(figure.replaceAll(",", ""))]));
}

export const card = (page: Page, name: string | RegExp): Locator => page.getByRole("article", { name });

/** The field of this label; what must be filled in has a star behind it. */
export const field = (place: Page | Locator, label: string): Locator => place.getByLabel(new RegExp(`^${label}( \\*)?$`));

export const fillIn = async (place: Page | Locator, fields: Record<string, string>): Promise<void> => {
	for (const [label, text] of Object.entries(fields)) await field(place, label).fill(text);
};

export async function signInOnScreen(page: Page, login: string, password: string): Promise<void> {
	await fillIn(page, { Login: login, Password: password });
	await page.getByRole("button", { name: "Sign in" }).click();
}

export async function signOut(page: Page): Promise<void> {
	await page.getByRole("button", { name: /account, language, colours/ }).click();
	await page.getByRole("menuitem", { name: "Sign out" }).click();
	await appears(page.getByRole("heading", { name: "Sign in" }));
}

/** By the navigation beside every page. */
export const goTo = (page: Page, place: string): Promise<void> =>
	page.getByRole("navigation", { name: "Navigation" }).getByRole("link", { name: place }).click();

export const heading = (page: Page, name: string | RegExp): Locator => page.getByRole("heading", { level: 1, name });

/** How many pixels of a chart are its first line, by the line's own colour; grid, band and labels are lighter. */
export const inkOf = (chart: Locator): Promise<number> =>
	chart
		.locator("canvas")
		.first()
		.evaluate((canvas: HTMLCanvasElement) => {
			const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(0, 0, canvas.width, canvas.height);
			const line = getComputedStyle(canvas).getPropertyValue("--pointer").trim();
			const wanted = [1, 3, 5].map((at) => Number.parseInt(line.slice(at, at + 2), 16));
			let count = 0;
			for (let i = 0; i < data.length; i += 4)
				if ((data[i + 3] as number) > 128 && wanted.every((part, k) => Math.abs((data[i + k] as number) - part) < 40)) count++;
			return count;
		});

/** For people to look at; git-ignored. */
export const keep = (page: Page, name: string): Promise<unknown> => page.screenshot({ path: join(pictures, `${name}.png`) });

/** "Not connected looks not connected": hatched, by what the browser paints. */
export const isHatched = (locator: Locator): Promise<boolean> =>
	locator.first().evaluate((element) => getComputedStyle(element).backgroundImage.includes("gradient"));
