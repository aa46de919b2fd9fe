import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import english from "../../apps/web/src/app/texts/en.ts";
import spanish from "../../apps/web/src/app/texts/es.ts";

interface Texts {
	[key: string]: string | Texts;
}

const flat = (texts: Texts, before = ""): [string, string][] =>
	Object.entries(texts).flatMap(([key, value]) =>
		typeof value === "string" ? [[`${before}${key}`, value] as [string, string]] : flat(value, `${before}${key}.`),
	);
const texts = { en: new Map(flat(english)), es: new Map(flat(spanish)) };
export type Language = keyof typeof texts;

/** Texts of the other language alone, and keys nobody translated. */
function strangers(language: Language): string[] {
	const own = new Set(texts[language].values());
	const others = texts[language === "en" ? "es" : "en"];
	return [...[...others.values()].filter((text) => !own.has(text)), ...texts.en.keys()];
}
const strange: Record<Language, string[]> = { en: strangers("en"), es: strangers("es") };

/** Waits until nothing on the page is being asked for, and what came is painted. */
export async function settled(page: Page): Promise<void> {
	await page.locator("h1").first().waitFor({ state: "attached" });
	await page.waitForFunction(() => document.querySelectorAll('.loading, [aria-busy="true"], .trend-stack.waiting').length === 0);
	await page.evaluate(async () => {
		await document.fonts.ready;
		for (let frame = 0; frame < 3; frame++) await new Promise((painted) => requestAnimationFrame(painted));
	});
}

/** Serious and critical violations, one line each. */
export async function violationsOf(page: Page): Promise<string[]> {
	if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
	const found = await page.evaluate(async () => {
		const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ["violations"] });
		return violations
			.filter(({ impact }) => impact === "serious" || impact === "critical")
			.flatMap(({ id, nodes }) => nodes.map(({ target, any }) => `${id}: ${target.join(" ")} ${any[0]?.message ?? ""}`));
	});
	return found.slice(0, 10);
}

/** What is wider than the screen, and labels of buttons that do not fit into them. */
export const misfitsOf = (page: Page): Promise<string[]> =>
	page.evaluate(() => {
		const misfits: string[] = [];
		const surface = document.querySelector("#page") ?? document.documentElement;
		for (const each of [document.documentElement, surface])
			if (each.scrollWidth > each.clientWidth + 1) {
				const wide = [...each.querySelectorAll("*")].filter(
					(inner) =>
						inner.getBoundingClientRect().right > each.getBoundingClientRect().right + 1 && !inner.closest(".table-scroll"),
				);
				misfits.push(`wider than the screen by ${each.scrollWidth - each.clientWidth} px: ${wide.at(0)?.className}`);
			}
		for (const button of document.querySelectorAll<HTMLElement>("button, [role=button], a.mantine-Button-root, [role=tab]")) {
			if (!button.checkVisibility()) continue;
			for (const inner of [button, ...button.querySelectorAll<HTMLElement>("*")]) {
				const style = getComputedStyle(inner);
				if (style.overflowX === "visible" || style.textOverflow === "ellipsis" || style.clipPath !== "none") continue;
				// A label that is only read aloud has no width to fit into.
				if ([...inner.querySelectorAll("*")].some((each) => getComputedStyle(each).clipPath !== "none")) continue;
				if (inner.scrollWidth > inner.clientWidth + 1) misfits.push(`cut: "${button.textContent || button.ariaLabel}"`);
			}
		}
		return misfits;
	});

/** What is on screen now can be read and reached by everybody. */
export async function isSound(page: Page): Promise<void> {
	expect([...(await violationsOf(page)), ...(await misfitsOf(page))]).toEqual([]);
}

/** Words on the page that belong to the other language, and names of texts where the text should be. */
export const strangersOn = (page: Page, language: Language): Promise<string[]> =>
	page.evaluate((words) => {
		const shown = new Set<string>();
		const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		for (let node = walk.nextNode(); node; node = walk.nextNode()) shown.add((node.textContent ?? "").trim());
		for (const element of document.querySelectorAll("[aria-label], [placeholder], [title]"))
			for (const name of ["aria-label", "placeholder", "title"]) shown.add(element.getAttribute(name)?.trim() ?? "");
		return words.filter((word) => shown.has(word));
	}, strange[language]);
