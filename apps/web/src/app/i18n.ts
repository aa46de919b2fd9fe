import i18next from "i18next";
import { initReactI18next } from "react-i18next";

export const languages = ["en", "es"] as const;
export type Language = (typeof languages)[number];

const remembered = "millwright-language";

type Texts = () => Promise<{ default: object }>;

/** Only the language in use is loaded, and at first only what the first page says. */
const texts: Record<Language, { first: Texts; later: Texts }> = {
	en: { first: () => import("./texts/en/first.ts"), later: () => import("./texts/en/later.ts") },
	es: { first: () => import("./texts/es/first.ts"), later: () => import("./texts/es/later.ts") },
};
const complete = new Set<Language>();

async function complement(language: Language): Promise<void> {
	if (complete.has(language)) return;
	i18next.addResourceBundle(language, "translation", (await texts[language].later()).default, true, true);
	complete.add(language);
}

/** A page together with the texts that the first one does without. */
export const withTexts =
	<Page>(load: () => Promise<Page>) =>
	async (): Promise<Page> => {
		const [page] = await Promise.all([load(), complement(languageNow())]);
		return page;
	};

export const isLanguage = (text: unknown): text is Language => languages.includes(text as Language);

/** What was chosen here last, else what the browser speaks, else English. */
function firstLanguage(): Language {
	try {
		const chosen = localStorage.getItem(remembered);
		if (isLanguage(chosen)) return chosen;
	} catch {
		// Storage may be closed to us.
	}
	const spoken = navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage);
	return spoken ?? "en";
}

export async function startLanguage(): Promise<void> {
	const language = firstLanguage();
	await i18next.use(initReactI18next).init({
		lng: language,
		fallbackLng: false,
		resources: { [language]: { translation: (await texts[language].first()).default } },
		interpolation: { escapeValue: false },
		returnNull: false,
	});
	document.documentElement.lang = language;
}

export async function speak(language: Language): Promise<void> {
	if (!i18next.hasResourceBundle(language, "translation"))
		i18next.addResourceBundle(language, "translation", (await texts[language].first()).default);
	if (complete.size > 0) await complement(language);
	await i18next.changeLanguage(language);
	document.documentElement.lang = language;
	try {
		localStorage.setItem(remembered, language);
	} catch {
		// Storage may be closed to us; the choice then holds for this page.
	}
}

export const languageNow = (): Language => (isLanguage(i18next.language) ? i18next.language : "en");
